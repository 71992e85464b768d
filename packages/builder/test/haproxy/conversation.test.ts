import { channel } from 'node:diagnostics_channel';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { reportOf } from '../../src/haproxy/agent-reports.ts';
import { Conversation, type ConversationOptions } from '../../src/haproxy/conversation.ts';
import { type Link, openLink } from '../../src/haproxy/link.ts';
import { PeerFailure } from '../../src/haproxy/peer-failure.ts';
import {
  ack,
  agentDisconnect,
  agentHello,
  type BytesInput,
  fromHex,
  haproxyHello,
  notify,
  type PlainFrame,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { bytesOf } from '../../src/read/parse.ts';

interface Talk {
  readonly conversation: Conversation;
  readonly link: Link;
  /** The agent's end of the link. */
  readonly agent: Duplex;
  /** Writes of the agent, at once. */
  readonly says: (...frames: readonly BytesInput[]) => Promise<void>;
}

/** A conversation with an agent that says what the test says. */
async function talk(options: Partial<ConversationOptions> = {}): Promise<Talk> {
  const agents: Duplex[] = [];
  const link = await openLink({ handle: (stream) => agents.push(stream) }, 1_000);
  const [agent] = agents;
  if (agent === undefined) throw new Error('expected the stream to be given to the agent');
  agent.on('error', () => agent.destroy());
  agent.resume();
  const conversation = new Conversation(link, {
    timeoutMs: 60_000,
    chunkBytes: Number.POSITIVE_INFINITY,
    maxFrameSize: 16_380,
    isStrict: true,
    agentName: undefined,
    haproxy: '3.2',
    ...options,
  });
  onTestFinished(() => conversation.reset());
  const says = async (...frames: readonly BytesInput[]): Promise<void> => {
    agent.write(concat(frames.map(bytesOf)));
    await nextTurn();
  };
  return { conversation, link, agent, says };
}

/** The conversation so far, a line each. */
function transcript(conversation: Conversation): string[] {
  return conversation.failure('closed', '').message.split('\n').slice(2);
}

const anyFrame = (frame: PlainFrame): PlainFrame => frame;

/** Why no frame can come. */
async function endOf(conversation: Conversation): Promise<PeerFailure> {
  const error: unknown = await conversation.expectFrame('a frame', anyFrame).catch((reason: unknown) => reason);
  if (error instanceof PeerFailure) return error;
  throw new Error(`expected a PeerFailure; found ${String(error)}`);
}

describe('the transcript', () => {
  it('has what was sent, and the number of bytes that are no whole frame', async () => {
    const { conversation } = await talk({ state: 'established' });
    conversation.send([notify().message('m'), Uint8Array.of(0, 0)]);
    expect(transcript(conversation)).toEqual(['  HAProxy: NOTIFY 1:1 "m" {  }', '  HAProxy: 2 bytes']);
  });

  it('has the error of bytes that are wrong, and nothing of no bytes', async () => {
    const { conversation } = await talk({ state: 'established' });
    conversation.send([]);
    conversation.send([notify({ streamId: 3 }), fromHex('00 00 00 01 03')]);
    expect(transcript(conversation)).toEqual([
      '  HAProxy: NOTIFY 3:1 ',
      '  HAProxy: 5 bytes (SPOP_FRAME_TOO_SMALL: expected a frame of at least 7 bytes; found a length of 1 (at byte 0 of the frame))',
    ]);
  });

  it('has the agent’s reports', async () => {
    const { conversation } = await talk();
    conversation.report(5n, 'it threw');
    expect(transcript(conversation)).toEqual(['  agent, of NOTIFY 5: it threw']);
  });
});

describe('a NOTIFY', () => {
  it('waits for a report until it has one, or an ACK', async () => {
    const { conversation, says } = await talk({ state: 'established' });
    expect(conversation.isWaiting(1n)).toBe(false);
    conversation.send([notify({ streamId: 1 }).message('m'), notify({ streamId: 3 }).message('m')]);
    expect([1n, 3n, 5n].map((streamId) => conversation.isWaiting(streamId))).toEqual([true, true, false]);
    conversation.report(1n, 'it threw');
    await says(ack({ streamId: 3 }));
    expect([1n, 3n, 5n].map((streamId) => conversation.isWaiting(streamId))).toEqual([false, false, false]);
  });
});

describe('an agent’s report', () => {
  it('belongs to the ACK of its NOTIFY, in the conversation that waits for it', async () => {
    const { conversation, says } = await talk({ state: 'established' });
    conversation.send([notify({ streamId: 7_000_003 }).message('m')]);
    const report = { connection: { remote: undefined }, streamId: 7_000_003, messages: ['m'], error: 'why' };
    channel('spop:handlerError').publish(report);
    await says(ack({ streamId: 7_000_003 }));
    expect(conversation.received.map((frame) => frame.type === 'ACK' && reportOf(frame))).toEqual([
      'a handler of "m" threw why',
    ]);
    conversation.reset();
    expect(transcript(conversation).slice(1)).toEqual([
      '  agent, of NOTIFY 7000003: a handler of "m" threw why',
      '  agent: ACK 7000003:1 no actions',
      '  (the scripted HAProxy closed the connection)',
    ]);
  });
});

describe('one write', () => {
  /** The sizes of the writes by now, and a turn of the event loop later. */
  async function writesOf(chunkBytes: number, ...pieces: readonly Uint8Array[]): Promise<[number[], number[]]> {
    const { conversation, link } = await talk({ chunkBytes });
    const sizes: number[] = [];
    vi.spyOn(link.stream, 'write').mockImplementation((chunk: Uint8Array) => {
      sizes.push(chunk.length);
      return true;
    });
    for (const piece of pieces) conversation.send([piece]);
    for (let step = 0; step < 50; step++) await Promise.resolve();
    const now = [...sizes];
    await nextTurn();
    return [now, sizes];
  }

  const bytes = new Uint8Array(8).fill(255);

  it('is for all bytes that are sent, and the next one follows at once', async () => {
    expect(await writesOf(Number.POSITIVE_INFINITY, bytes, bytes)).toEqual([
      [8, 8],
      [8, 8],
    ]);
    expect(await writesOf(8, bytes, bytes)).toEqual([
      [8, 8],
      [8, 8],
    ]);
  });

  it('is for one piece at a turn of the event loop', async () => {
    expect(await writesOf(7, bytes)).toEqual([[7], [7, 1]]);
  });
});

describe('the failure', () => {
  it('for a frame that breaks a rule shows the bytes of that frame', async () => {
    const { conversation, says } = await talk({ state: 'established' });
    conversation.send([notify({ streamId: 1 }).message('m'), notify({ streamId: 3 }).message('m')]);
    await says(ack({ streamId: 1 }).unsetVar('txn', 'a-b'), ack({ streamId: 3 }).unsetVar('txn', 'c'));
    const failure = await endOf(conversation);
    expect(failure.kind).toBe('violation');
    expect(failure.message.split('\n').filter((text) => /^frame|variable name/.test(text))).toEqual([
      expect.stringMatching(/^error variable-name-characters: expected letters, digits, _ and \. in a variable name/),
      'frame 1 at byte 0',
      expect.stringMatching(/variable name: "a-b"$/),
    ]);
    expect(transcript(conversation).slice(-2)).toEqual([
      '  agent: ACK 1:1 unset-var txn.a-b',
      '  agent: ACK 3:1 unset-var txn.c',
    ]);
  });

  it('for bytes that are no frame shows them, also where broken rules are only collected', async () => {
    const { conversation, says } = await talk({ state: 'established', isStrict: false });
    await says(fromHex('00 00 00 01 67'));
    const failure = await endOf(conversation);
    expect(failure).toMatchObject({ kind: 'violation' });
    expect(failure.message.split('\n')).toEqual([
      'expected a frame, but the agent sent a wrong frame: SPOP_FRAME_TOO_SMALL: expected a frame of at least 7 bytes; found a length of 1 (at byte 0 of the frame)',
      'frame 1 at byte 0',
      expect.stringMatching(/^>> +0 {2}00 00 00 01 /),
      expect.stringMatching(/^ +4 {2}67 +\(not read\)$/),
      'conversation with the agent in memory:',
      '  agent: 5 bytes that are no valid frame',
    ]);
  });

  it.each([
    ['its status', agentDisconnect({ statusCode: 3 }), 'AGENT-DISCONNECT 3 "frame is too big"', 3],
    ['no items', agentDisconnect({ statusCode: null, message: null }), 'AGENT-DISCONNECT undefined ""', Number.NaN],
    [
      'NULL for an item',
      agentDisconnect({ statusCode: null, message: null }).item('status-code', null),
      'AGENT-DISCONNECT undefined ""',
      Number.NaN,
    ],
  ])('for an AGENT-DISCONNECT shows %s', async (_, disconnect, text, statusCode) => {
    const { conversation, says } = await talk({ state: 'established', isStrict: false });
    await says(disconnect);
    const failure = await endOf(conversation);
    expect(failure).toMatchObject({ kind: 'disconnected', statusCode });
    expect(failure.message.split('\n')[0]).toBe(`expected a frame, but the agent sent ${text}`);
  });
});

describe('the end', () => {
  it('of the agent’s direction ends the other one too', async () => {
    const { conversation, link, agent } = await talk();
    const ended = new Promise((resolve) => void agent.once('end', resolve));
    agent.end();
    await conversation.closed();
    expect(link.stream.writableEnded).toBe(true);
    await ended;
    expect(transcript(conversation)).toEqual(['  (the agent closed the connection)']);
  });

  it('is told once, as it came first', async () => {
    const { conversation, agent } = await talk();
    conversation.reset();
    agent.destroy();
    await nextTurn();
    expect(transcript(conversation)).toEqual(['  (the scripted HAProxy closed the connection)']);
  });
});

describe('the timer', () => {
  /** Lets the test count the timers that run. */
  function countTimers(): () => number {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    return () => vi.getTimerCount();
  }

  it('of a step ends with the frame that it waits for', async () => {
    const { conversation, says } = await talk();
    const timers = countTimers();
    conversation.send([haproxyHello()]);
    const frame = conversation.expectFrame('a frame', anyFrame);
    expect(timers()).toBe(1);
    await says(agentHello());
    expect(await frame).toMatchObject({ type: 'AGENT-HELLO' });
    expect(timers()).toBe(0);
  });

  it('of a step that waits for the end ends with it, and fails the step before', async () => {
    const { conversation } = await talk();
    const timers = countTimers();
    const late = conversation.closed(10);
    vi.advanceTimersByTime(10);
    await expect(late).rejects.toThrow('expected the agent to close the connection within 10 ms\n');
    const closed = conversation.closed();
    expect(timers()).toBe(1);
    conversation.reset();
    await closed;
    expect(timers()).toBe(0);
  });
});
