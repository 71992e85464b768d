import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openSocket } from '../../src/cli/target.ts';
import { anyAnswer } from '../../src/conformance/contract.ts';
import { disconnectFault, helloFault, statusOf } from '../../src/conformance/handshake-faults.ts';
import { playCase, type PlayOptions } from '../../src/conformance/play.ts';
import { judgeCase, probe, type Probed } from '../../src/conformance/run.ts';
import { conformanceCases } from '../../src/conformance/suite.ts';
import { Vocabulary } from '../../src/conformance/vocabulary.ts';
import { ack, agentDisconnect, agentHello, data } from '../../src/index.ts';
import { targetOf } from '../cli/peers.ts';
import { politely, tinyAgent, type Answer } from '../tiny-agent.ts';

describe('the fault of an AGENT-HELLO', () => {
  it.each([
    ['an ACK', ack(), 'ACK 1:1 no actions'],
    ['other flags', agentHello({ flags: 3 }), 'AGENT-HELLO with flags 3 instead of 1'],
    ['a stream-id', agentHello({ streamId: 1 }), 'AGENT-HELLO with ids other than 0'],
    ['another version', agentHello({ version: '1.0' }), 'no version 2.0: AGENT-HELLO '],
    ['a version that is no text', agentHello({ version: null }).item('version', 2), 'no version 2.0: AGENT-HELLO '],
    ['a size below 256', agentHello({ maxFrameSize: 255 }), 'no max-frame-size from 256 to 1000: AGENT-HELLO '],
    ['a size above the offer', agentHello({ maxFrameSize: 1001 }), 'no max-frame-size from 256 to 1000: AGENT-HELLO '],
    ['a size as text', agentHello({ maxFrameSize: null }).item('max-frame-size', '256'), 'no max-frame-size from 256'],
    ['no capabilities', agentHello({ maxFrameSize: 256, capabilities: null }), 'no capabilities: AGENT-HELLO '],
  ])('with %s is told', (_, built, fault) => {
    expect(helloFault(built.toFrame(), 1000)?.slice(0, fault.length)).toBe(fault);
  });

  it.each([data.int32(256), data.uint32(256), data.int64(256), data.uint64(256)])(
    'is none for a size of %o',
    (size) => {
      expect(
        helloFault(agentHello({ maxFrameSize: null }).item('max-frame-size', size).toFrame(), 1000),
      ).toBeUndefined();
    },
  );
});

describe('the fault of an AGENT-DISCONNECT', () => {
  it('is told', () => {
    const faults = [
      ack(),
      agentDisconnect({ flags: 0 }),
      agentDisconnect({ frameId: 1 }),
      agentDisconnect({ message: null }),
      agentDisconnect(),
    ].map((built) => disconnectFault(built.toFrame()));
    expect(faults).toEqual([
      'ACK 1:1 no actions',
      'AGENT-DISCONNECT with flags 0 instead of 1',
      'AGENT-DISCONNECT with ids other than 0',
      expect.stringMatching(/^no message: AGENT-DISCONNECT/),
      undefined,
    ]);
  });

  it('has a status only if that is a number', () => {
    const frames = [agentDisconnect({ statusCode: 4 }), agentDisconnect({ statusCode: null }), ack()];
    expect(frames.map((built) => statusOf(built.toFrame()))).toEqual([4, undefined, undefined]);
  });
});

const contract = anyAnswer('check', 'ip');

/** How cases reach an agent that serves each connection so. */
async function playing(serve: (socket: Socket) => void): Promise<PlayOptions> {
  const target = await targetOf(serve);
  return { open: () => openSocket(target), contract, patienceMs: 10_000 };
}

/** As {@link playing}, for an agent with these answers. */
async function playingWith(answer: Answer): Promise<PlayOptions> {
  const agent = tinyAgent(answer);
  return playing((socket) => void agent.handle(socket));
}

function unreachable(reason: unknown): PlayOptions {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a caller may reject with anything
  return { open: () => Promise.reject(reason), contract, patienceMs: 10 };
}

const words = new Vocabulary(contract);
const asked = words.one('must', '3.2.6/asked', '', '', {
  send: [words.notify(5)],
  expect: [{ kind: 'acks', acks: [words.ack(5)] }],
});

describe('playing a case', () => {
  it('finds nothing wrong with the right answer, or without a script', async () => {
    const options = await playingWith(politely());
    expect((await playCase(asked, options)).fault).toBeUndefined();
    expect(await playCase({ ...asked, scripts: [] }, options)).toEqual({ fault: undefined, trace: [] });
  });

  it('says that an ACK has no FIN, or that the connection ended after it', async () => {
    const withoutFin = await playingWith((frame, stream) =>
      frame.type === 'NOTIFY' ? [ack({ ...frame, flags: 0 })] : politely()(frame, stream),
    );
    expect((await playCase(asked, withoutFin)).fault).toMatch(/^an ACK without FIN: ACK /);
    const ending = await playingWith((frame, stream) => {
      if (frame.type === 'NOTIFY') setImmediate(() => stream.end());
      return politely()(frame, stream);
    });
    expect((await playCase(asked, ending)).fault).toBe('the connection was closed after the ACK');
  });

  it('says in one line why the agent cannot be reached', async () => {
    expect((await playCase(asked, unreachable(new Error('no agent\nhere')))).fault).toBe('no agent');
    expect((await playCase(asked, unreachable('no agent'))).fault).toBe('no agent');
  });
});

describe('probing an agent', () => {
  it('says that it closed the connection', async () => {
    expect(await probe(await playing((socket) => socket.end()))).toEqual({
      fault: 'the connection was closed',
      capabilities: [],
      maxFrameSize: 0,
      isAnswering: false,
    });
  });
});

describe('a case with a need', () => {
  const plain: Probed = { fault: undefined, capabilities: [], maxFrameSize: 256, isAnswering: true };

  it.each([
    ['pipelining', 'the agent does not announce pipelining'],
    ['large-frames', 'the agent announces a max-frame-size of 256'],
    ['echo', 'no message echoes its argument'],
  ] as const)('%s is skipped for an agent that does not meet it', async (need, detail) => {
    const test = conformanceCases(contract).find(({ needs }) => needs === need) ?? { ...asked, needs: need };
    expect(await judgeCase(test, plain, unreachable('nobody'))).toMatchObject({ result: 'skip', detail });
  });

  it('is asked of an agent without an AGENT-HELLO, and fails', async () => {
    const verdict = await judgeCase({ ...asked, needs: 'pipelining' }, { ...plain, fault: 'x' }, unreachable('nobody'));
    expect(verdict).toMatchObject({ result: 'fail', detail: 'nobody' });
  });
});
