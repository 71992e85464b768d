import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  connect,
  data,
  haproxy,
  haproxyDisconnect,
  PeerFailure,
  type ConnectOptions,
  type NotifyBuilder,
  type PlainFrame,
  type ScriptedHaproxy,
  type Target,
} from '../../src/index.ts';
import { politely, tinyAgent, type Answer } from '../tiny-agent.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function open(target: Target, options: ConnectOptions = {}): Promise<ScriptedHaproxy> {
  const peer = await connect(target, options);
  closers.push(() => peer.close());
  return peer;
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  closers.push(() => server.close());
  return new Promise((resolve) => {
    server.listen(where, resolve);
  });
}

async function failureOf(promise: Promise<unknown>): Promise<PeerFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PeerFailure) return error;
  throw new Error(`expected a PeerFailure; found ${String(error)}`);
}

const scoring = politely((notify, empty) => {
  const score = notify.messages[0]?.args[0]?.value.type === 'ipv4' ? 100 : 0;
  return empty.setVar('sess', 'ip_score', data.int32(score));
});

describe('connect', () => {
  it('plays HAProxy to an agent in memory', async () => {
    const peer = await open(tinyAgent(scoring));
    const answer = await peer.notify('check-client-ip', { ip: data.ipv4('10.0.0.1') });
    expect(answer).toEqual({
      type: 'ACK',
      flags: 1,
      streamId: 1n,
      frameId: 1n,
      actions: [{ type: 'set-var', scope: 'sess', name: 'ip_score', value: data.int32(100) }],
    });
  });

  it('plays HAProxy over TCP', async () => {
    const agent = tinyAgent(scoring);
    const server = createServer((socket) => agent.handle(socket));
    await listening(server, { host: '127.0.0.1', port: 0 });
    const { port } = server.address() as AddressInfo;
    const peer = await open({ host: '127.0.0.1', port });
    expect((await peer.notify('check-client-ip', { ip: data.ipv4('10.0.0.1') })).actions).toHaveLength(1);
    expect(await peer.disconnect()).toMatchObject({ type: 'AGENT-DISCONNECT' });
  });

  it('plays HAProxy over a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spop-builder-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const agent = tinyAgent(scoring);
    const server = createServer((socket) => agent.handle(socket));
    await listening(server, { path: join(folder, 'agent.sock') });
    const peer = await open({ path: join(folder, 'agent.sock') });
    expect((await peer.notify('check-client-ip', { ip: data.ipv4('10.0.0.1') })).actions).toHaveLength(1);
  });

  it('fails with an error that says that no agent listens', async () => {
    const failure = await failureOf(connect({ path: join(tmpdir(), 'spop-builder-nobody.sock') }));
    expect(failure).toMatchObject({ kind: 'closed' });
    expect(failure.message).toMatch(/could not connect to the agent at .*nobody\.sock/);
  });
});

describe('hello', () => {
  it('returns the agreement with the agent', async () => {
    const peer = await open(tinyAgent(politely()));
    expect(await peer.hello()).toEqual({ version: '2.0', maxFrameSize: 16_380, capabilities: ['pipelining'] });
  });

  it.each([
    ['version 1.0', agentHello({ version: '1.0' }), /version-unsupported: expected 2\.0 in version; found "1\.0"/],
    ['no version', agentHello({ version: null }), /version-missing: expected item version/],
    ['max-frame-size 255', agentHello({ maxFrameSize: 255 }), /256 to 16380.*found 255/],
    ['max-frame-size 16381', agentHello({ maxFrameSize: 16_381 }), /256 to 16380.*found 16381/],
    ['no FIN', agentHello({ flags: 0 }), /fin-missing: expected FIN/],
    ['stream-id 1', agentHello({ streamId: 1 }), /stream-id 0/],
  ])('refuses an AGENT-HELLO with %s', async (_, hello, text) => {
    const peer = await open(tinyAgent((frame) => (frame.type === 'HAPROXY-HELLO' ? [hello] : [])));
    const failure = await failureOf(peer.hello());
    expect(failure.kind).toBe('violation');
    expect(failure.message).toMatch(text);
  });

  it('fails with the status code of an AGENT-DISCONNECT', async () => {
    const peer = await open(tinyAgent(() => [agentDisconnect({ statusCode: 8 })]));
    const failure = await failureOf(peer.hello());
    expect(failure).toMatchObject({ kind: 'disconnected', statusCode: 8 });
    expect(failure.message).toContain(
      'expected the AGENT-HELLO, but the agent sent AGENT-DISCONNECT 8 "unsupported version"',
    );
  });
});

describe('notify', () => {
  it('fails with the conversation in its text if no ACK arrives', async () => {
    const mute: Answer = (frame) => (frame.type === 'HAPROXY-HELLO' ? [agentHello()] : []);
    const peer = await open(tinyAgent(mute), { timeoutMs: 20 });
    const failure = await failureOf(peer.notify('check', { ip: data.ipv4('10.0.0.1') }));
    expect(failure.kind).toBe('timeout');
    expect(failure.message.split('\n')).toEqual([
      'expected the ACK of NOTIFY 1:1 within 20 ms',
      'conversation with the agent in memory:',
      expect.stringMatching(/^ {2}HAProxy: HAPROXY-HELLO /),
      expect.stringMatching(/^ {2}agent: AGENT-HELLO /),
      '  HAProxy: NOTIFY 1:1 "check" { ip: IPV4 10.0.0.1 }',
    ]);
  });

  it('fails if the agent closes instead', async () => {
    const peer = await open(
      tinyAgent((frame, stream) => {
        if (frame.type === 'HAPROXY-HELLO') return [agentHello()];
        stream.destroy();
        return [];
      }),
    );
    expect(await failureOf(peer.notify('check'))).toMatchObject({ kind: 'closed' });
  });

  it('fails if the agent answers another NOTIFY', async () => {
    const peer = await open(tinyAgent(politely(() => ack({ streamId: 99, frameId: 1 }))));
    const failure = await failureOf(peer.notify('check'));
    expect(failure.kind).toBe('violation');
    expect(failure.message).toMatch(
      /error ack-unknown: expected the ids of a NOTIFY that waits for its ACK \(1:1\); found 99:1/,
    );
  });

  it('shows the wrong byte of a malformed ACK', async () => {
    const peer = await open(tinyAgent(politely((_, empty) => empty.setVar(9, 'x', 1))));
    const failure = await failureOf(peer.notify('check'));
    expect(failure.kind).toBe('violation');
    expect(failure.message).toContain('>>    13  09');
  });

  it('reads the payload 00 as an ACK without actions', async () => {
    const peer = await open(tinyAgent(politely((_, empty) => empty.raw('00'))));
    expect((await peer.notify('check')).actions).toEqual([]);
  });

  it('fragments as HAProxy 3.0 does for an agent that announces it', async () => {
    const types: string[] = [];
    const peer = await open(
      tinyAgent((frame) => {
        types.push(`${frame.type}/${frame.flags}`);
        if (frame.type === 'HAPROXY-HELLO') return [agentHello({ maxFrameSize: 256, capabilities: 'fragmentation' })];
        return frame.flags === 1 ? [ack(frame)] : [];
      }),
      { haproxy: '3.0' },
    );
    expect(await peer.notify('big', { body: new Uint8Array(500) })).toMatchObject({ streamId: 0n });
    expect(types).toEqual(['HAPROXY-HELLO/1', 'NOTIFY-FRAGMENT/0', 'UNSET/0', 'UNSET/1']);
  });

  it('refuses frames that HAProxy would not send', async () => {
    const peer = await open(
      tinyAgent((frame) => (frame.type === 'NOTIFY' ? [ack(frame)] : [agentHello({ maxFrameSize: 256 })])),
    );
    expect(await failureOf(peer.notify('big', { body: new Uint8Array(500) }))).toMatchObject({ kind: 'refused' });
  });

  it('sends frames in pieces', async () => {
    const peer = await open(tinyAgent(scoring), { chunkBytes: 1 });
    expect((await peer.notify('check-client-ip', { ip: data.ipv4('10.0.0.1') })).actions).toHaveLength(1);
  });
});

describe('burst', () => {
  const inputs = Array.from({ length: 50 }, (_, index) => (notify: NotifyBuilder) => notify.message('n', { index }));

  function counting(capabilities: string, held: number): { answer: Answer; most: () => number } {
    let waiting: ReturnType<typeof ack>[] = [];
    let most = 0;
    return {
      most: () => most,
      answer: (frame) => {
        if (frame.type === 'HAPROXY-HELLO') return [agentHello({ capabilities })];
        waiting.push(ack(frame));
        most = Math.max(most, waiting.length);
        if (waiting.length < held) return [];
        const answers = waiting.toReversed();
        waiting = [];
        return answers;
      },
    };
  }

  it('returns ACKs in the order of the NOTIFYs, 20 in flight at most', async () => {
    const agent = counting('pipelining', 10);
    const peer = await open(tinyAgent(agent.answer));
    const acks = await peer.burst(inputs);
    expect(acks.map((answer) => answer.streamId)).toEqual(inputs.map((_, index) => BigInt(index * 2 + 1)));
    expect(agent.most()).toBe(10);
    expect(peer.received[1]).toMatchObject({ type: 'ACK', streamId: 19n });
  });

  it('sends one after the other to an agent without pipelining', async () => {
    const agent = counting('', 1);
    const peer = await open(tinyAgent(agent.answer));
    expect(await peer.burst(inputs)).toHaveLength(50);
    expect(agent.most()).toBe(1);
  });
});

describe('healthcheck', () => {
  it('returns the AGENT-HELLO, and resets', async () => {
    const peer = await open(tinyAgent(politely()));
    expect(await peer.healthcheck()).toMatchObject({ version: '2.0', maxFrameSize: 16_380 });
    await peer.closed();
  });

  it('sends the HELLO of a health check', async () => {
    const seen: PlainFrame[] = [];
    const polite = politely();
    const agent = tinyAgent((frame, stream) => {
      seen.push(frame);
      return polite(frame, stream);
    });
    await (await open(agent)).healthcheck();
    expect(seen).toEqual([haproxy('3.2').healthcheck().toFrame()]);
  });

  it.each([
    ['a frame', agentDisconnect()],
    ['a part of one', Uint8Array.of(0, 0)],
  ])('fails if %s follows the AGENT-HELLO', async (_, extra) => {
    const peer = await open(tinyAgent(() => [agentHello(), extra]));
    const failure = await failureOf(peer.healthcheck());
    expect(failure.kind).toBe('violation');
    expect(failure.message).toMatch(
      /nothing after the AGENT-HELLO of a health check; found (AGENT-DISCONNECT|2 bytes)/,
    );
  });
});

describe('disconnect', () => {
  it('sends the status, and waits for the answer and the end', async () => {
    const seen: PlainFrame[] = [];
    const polite = politely();
    const agent = tinyAgent((frame, stream) => {
      seen.push(frame);
      return polite(frame, stream);
    });
    const peer = await open(agent);
    await peer.hello();
    const answer = await peer.disconnect({ statusCode: 2 });
    expect(answer).toEqual(agentDisconnect().toFrame());
    expect(seen.at(-1)).toEqual(haproxyDisconnect({ statusCode: 2 }).toFrame());
  });

  it('fails if the agent does not close', async () => {
    const agent = tinyAgent((frame) => [frame.type === 'HAPROXY-HELLO' ? agentHello() : agentDisconnect()]);
    const peer = await open(agent, { timeoutMs: 20 });
    await peer.hello();
    const failure = await failureOf(peer.disconnect());
    expect(failure).toMatchObject({ kind: 'timeout' });
    expect(failure.message).toMatch(/^expected the agent to close the connection within 20 ms/);
  });
});

describe('by hand', () => {
  it('sends anything, and receives frames that no step waited for', async () => {
    const peer = await open(tinyAgent(politely()));
    peer.send(peer.preset.hello(), peer.preset.notify().message('m'));
    expect(await peer.receive()).toMatchObject({ type: 'AGENT-HELLO' });
    expect(await peer.receive()).toMatchObject({ type: 'ACK', streamId: 1n });
    expect(peer.received).toHaveLength(2);
    expect(await failureOf(peer.receive(10))).toMatchObject({ kind: 'timeout' });
  });

  it('ends one direction, and still gets the answer', async () => {
    const peer = await open(tinyAgent(politely()));
    peer.send(peer.preset.hello());
    peer.end();
    expect(await peer.receive()).toMatchObject({ type: 'AGENT-HELLO' });
    await peer.closed();
  });

  it('stops reading, and reads on', async () => {
    const peer = await open(tinyAgent(politely()));
    await peer.hello();
    peer.pause();
    const answer = peer.notify('m');
    await expect(peer.receive(20)).rejects.toMatchObject({ kind: 'timeout' });
    expect(peer.received).toHaveLength(1);
    peer.resume();
    expect(await answer).toMatchObject({ type: 'ACK' });
  });

  it('fails every later step once the connection is over', async () => {
    const peer = await open(tinyAgent(politely()));
    await peer.hello();
    peer.close();
    const failure = await failureOf(peer.notify('m'));
    expect(failure).toMatchObject({ kind: 'closed' });
    expect(failure.message).toMatch(/^expected the ACK of NOTIFY 1:1, but the scripted HAProxy closed the connection/);
  });

  it('resets as TCP does: the agent sees an error, and no end', async () => {
    const events: string[] = [];
    const peer = await open({
      handle(stream) {
        for (const name of ['end', 'error', 'close']) stream.on(name, () => events.push(name));
        stream.resume();
      },
    });
    peer.close();
    await vi.waitFor(() => expect(events).toEqual(['error', 'close']));
  });

  it('closes at the end of an `await using` block', async () => {
    const peer = await open(tinyAgent(politely()));
    await peer[Symbol.asyncDispose]();
    expect(await failureOf(peer.hello())).toMatchObject({ kind: 'closed' });
  });
});

describe('strict', () => {
  const hyphen = politely((_, empty) => empty.setVar('txn', 'ip-score', 1));

  it('fails if HAProxy would ignore a frame of the agent', async () => {
    const peer = await open(tinyAgent(hyphen));
    const failure = await failureOf(peer.notify('m'));
    expect(failure.message).toContain('error variable-name-characters: expected letters, digits, _ and .');
    expect(failure.message).toContain('HAProxy src/vars.c');
  });

  it('only collects violations if it is switched off', async () => {
    const peer = await open(tinyAgent(hyphen), { strict: false });
    expect((await peer.notify('m')).actions).toHaveLength(1);
    expect(peer.violations).toMatchObject([{ rule: 'variable-name-characters', from: 'agent', frame: 2 }]);
  });

  it('knows the rules of the line that it plays', async () => {
    expect(await failureOf((await open(tinyAgent(politely()), { haproxy: '3.1' })).notify('m'))).toMatchObject({
      message: expect.stringContaining('ack-empty') as string,
    });
    expect((await (await open(tinyAgent(politely()), { haproxy: '3.2' })).notify('m')).actions).toEqual([]);
  });

  it('notices an AGENT-HELLO in two writes', async () => {
    const agent = {
      handle(stream: Duplex) {
        stream.on('error', () => stream.destroy());
        stream.once('data', () => {
          const bytes = agentHello().toBytes();
          stream.write(bytes.slice(0, 10));
          setImmediate(() => stream.write(bytes.slice(10)));
        });
      },
    };
    expect((await failureOf((await open(agent)).hello())).message).toContain('error agent-hello-split');
    expect(await (await open(agent, { haproxy: '3.0' })).hello()).toMatchObject({ version: '2.0' });
  });

  it('counts the name of a variable with its prefix', async () => {
    const long = politely((_, empty) => empty.setVar('txn', 'n'.repeat(50), 1));
    const prefixed = await open(tinyAgent(long), { variablePrefix: 'a_long_engine_name' });
    expect((await failureOf(prefixed.notify('m'))).message).toContain('variable-name-too-long');
    expect((await (await open(tinyAgent(long))).notify('m')).actions).toHaveLength(1);
  });
});
