import { connect } from 'node:net';
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises';
import { data, fragment, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, FrameType, FrameWriter, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../src/index.ts';
import { type BenchOptions, connectRaw, eventually, linkKinds, startAgent } from './harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

/** Handlers that answer when the test says so. */
class Waiting {
  readonly settle: (() => void)[] = [];

  readonly setup = (agent: Agent): unknown =>
    agent.onMessage(ask, async (_, ack) => {
      await new Promise<void>((resolve) => this.settle.push(resolve));
      ack.set(number, 1);
    });

  /** Lets all handlers answer. */
  settleAll(): void {
    for (const settle of this.settle.splice(0)) settle();
  }
}

const asking = (streamId: number): ReturnType<typeof notify> => notify({ streamId }).message(ask, { id: 'x' });

function waitingAgent(options: BenchOptions = {}): { waiting: Waiting; bench: ReturnType<typeof startAgent> } {
  const waiting = new Waiting();
  return { waiting, bench: startAgent({ setup: waiting.setup, ...options }) };
}

describe.each(linkKinds)('close() over %s', (link) => {
  it('sends AGENT-DISCONNECT 0 to idle peers and those before their HELLO, and resolves when they have closed', async () => {
    const { agent, connect, reports } = await startAgent({ link });
    const [idle, fresh] = await Promise.all([connect(), connect()]);
    await idle.hello();
    await agent.close();
    expect(await idle.receive()).toBeDisconnect(0);
    expect(await fresh.receive()).toBeDisconnect(0);
    await Promise.all([idle.closed(), fresh.closed()]);
    expect(reports.disconnect).toMatchObject([{ status: 0, reason: 'normal' }]);
  });

  it('sends the last ACK and the AGENT-DISCONNECT in one write, without pipelining', async () => {
    const { waiting, bench } = waitingAgent({ link });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: '' }), asking(1));
    await eventually(() => agent.inFlightCount === 1);
    const closed = agent.close();
    await sleep(5);
    expect(peer.chunks).toHaveLength(1);
    waiting.settleAll();
    await eventually(() => peer.ending() !== undefined);
    expect(peer.chunks).toHaveLength(2);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('sends the last of many ACKs and the AGENT-DISCONNECT in one write, with pipelining, if no NOTIFY arrives meanwhile', async () => {
    const { waiting, bench } = waitingAgent({ link });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1), asking(2), asking(3));
    await eventually(() => agent.inFlightCount === 3);
    const closed = agent.close();
    await sleep(30);
    expect(peer.chunks).toHaveLength(1);
    waiting.settleAll();
    await eventually(() => peer.ending() !== undefined);
    expect(peer.chunks).toHaveLength(2);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('still answers NOTIFYs that arrive before the last ACK', async () => {
    const { waiting, bench } = waitingAgent({ link });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1));
    await eventually(() => waiting.settle.length === 1);
    const closed = agent.close();
    peer.send(asking(2));
    await eventually(() => waiting.settle.length === 2);
    waiting.settleAll();
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('answers the remaining NOTIFYs with the fallback when the grace is over, and ends the connection', async () => {
    const { waiting, bench } = waitingAgent({ link, fallback: (_, ack) => void ack.set(number, -1) });
    const { agent, target, reports } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1), asking(2));
    await eventually(() => agent.inFlightCount === 2);
    await agent.close({ graceMs: 20 });
    expect([agent.connectionCount, agent.inFlightCount]).toEqual([0, 0]);
    await eventually(() => peer.ending() !== undefined);
    const [, first, second, last] = peer.frames();
    expect(first).toSetVar(number, -1);
    expect(second).toSetVar(number, -1);
    expect(last).toBeDisconnect(2);
    expect(peer.frames()).toHaveLength(4);
    waiting.settleAll();
    await immediately();
    expect(agent.toMetrics().lateAnswers).toBe(2);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'not done within graceMs, 20 ms' }]);
  });
});

describe('close() in an event loop that is blocked', () => {
  const block = (ms: number): void => {
    for (const until = performance.now() + ms; performance.now() < until;);
  };

  it('gives up connections that are accepted after graceMs', async () => {
    const { agent, target } = await startAgent({
      link: 'IPv4',
      // A timer longer than the test may take.
      lingerTimeoutMs: 60_000,
      processingTimeoutMs: 0,
      setup: (each) => each.onMessage(ask, () => new Promise<void>(() => {})),
    });
    if (!('port' in target)) throw new Error('the agent listens on no port');
    // The event loop runs timers next, then accepts connections.
    await immediately();
    const closed = agent.close({ graceMs: 20 });
    const late = connect(target);
    late.on('error', () => {});
    late.write(Buffer.concat([haproxyHello().toBytes(), asking(1).toBytes()]));
    block(60);
    await closed;
    expect(agent.connectionCount).toBe(0);
    late.destroy();
  });

  it('still writes ACKs from before the end of graceMs', async () => {
    const { waiting, bench } = waitingAgent({ link: 'IPv4' });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1));
    await eventually(() => agent.inFlightCount === 1);
    const closed = agent.close({ graceMs: 60 });
    await sleep(20);
    await immediately();
    waiting.settleAll();
    // The promises settle first.
    process.nextTick(() => process.nextTick(() => block(80)));
    await closed;
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames()[1]).toHaveProperty('type', 'ACK');
  });
});

describe('close()', () => {
  it('twice is close() once', async () => {
    const { agent } = await startAgent();
    const first = agent.close();
    expect(agent.close({ graceMs: 1 })).toBe(first);
    await first;
    await agent.close();
  });

  it('is the same as Symbol.asyncDispose', async () => {
    const { agent, connect } = await startAgent({ link: 'IPv4' });
    const peer = await connect();
    await peer.hello();
    await agent[Symbol.asyncDispose]();
    expect(await peer.receive()).toBeDisconnect(0);
    await expect(agent.listen({ port: 0 })).rejects.toMatchObject({ code: 'SPOP_MISUSE' });
  });

  it('of an agent that never listened resolves', async () => {
    const { agent } = await startAgent();
    await agent.close();
    expect(agent.connectionCount).toBe(0);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 31, '5'])('refuses graceMs: %o', async (graceMs) => {
    const { agent } = await startAgent();
    await expect(Reflect.apply(agent.close.bind(agent), agent, [{ graceMs }])).rejects.toThrow(
      /expected graceMs to be an integer from 0 to 2147483647; found/,
    );
  });

  it('within a synchronous handler answers its NOTIFY, and those after it in the batch, before the AGENT-DISCONNECT', async () => {
    const closings: Promise<void>[] = [];
    const { target } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => {
          ack.set(number, 1);
          closings.push(agent.close());
          ack.set(number, 2);
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1), asking(2), asking(3));
    await eventually(() => peer.ending() !== undefined);
    const frames = peer.frames();
    expect(frames.map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    expect(frames[1]).toHaveProperty('actions.length', 2);
    peer.stream.end();
    await Promise.all(closings);
  });

  it('within an asynchronous handler answers its NOTIFY before the AGENT-DISCONNECT', async () => {
    const closings: Promise<void>[] = [];
    const { target } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, async (_, ack) => {
          await sleep(1);
          closings.push(agent.close());
          ack.set(number, 1);
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1));
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await Promise.all(closings);
  });

  it('within the logger, called for the event closing, is the same close', async () => {
    const closings: Promise<void>[] = [];
    const again = (): void => {
      if (closings.length < 3) closings.push(agents[0]!.close());
    };
    const agents: Agent[] = [];
    const { agent } = await startAgent({
      setup: (made) => void agents.push(made),
      logger: { debug: again, info: again, warn: again, error: again },
    });
    const closed = agent.close();
    await closed;
    expect(new Set([closed, ...closings]).size).toBe(1);
  });

  it.each([
    ['fallback', (agent: () => Agent): BenchOptions => ({ fallback: () => void agent().close() })],
    [
      'the hook handlerError',
      (agent: () => Agent): BenchOptions => ({ hooks: { handlerError: () => void agent().close() } }),
    ],
  ])('within %s answers the NOTIFY before the AGENT-DISCONNECT', async (_, optionsFor) => {
    const agents: Agent[] = [];
    const { agent, target } = await startAgent({
      ...optionsFor(() => agents[0]!),
      setup: (a) => {
        agents.push(a);
        a.onMessage(ask, () => Promise.reject(new Error('broken')));
      },
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1));
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await agent.close();
  });

  it('within the hook of a fragmented NOTIFY above the cap answers it before the AGENT-DISCONNECT', async () => {
    const agents: Agent[] = [];
    const { agent, target } = await startAgent({
      maxReassembledBytes: 300,
      hooks: { overload: () => void agents[0]?.close() },
      setup: (a) => agents.push(a),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'async' }), ...fragment(notify().raw(new Uint8Array(400)), 100));
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await agent.close();
  });

  it('within the hook protocolError does not hide the error from the peer', async () => {
    const agents: Agent[] = [];
    const { agent, connect } = await startAgent({
      hooks: { protocolError: () => void agents[0]?.close() },
      setup: (a) => agents.push(a),
    });
    const peer = await connect();
    await peer.hello();
    peer.send(haproxyHello());
    expect(await peer.receive()).toBeDisconnect(4);
    await agent.close();
  });

  it('waits for a NOTIFY of which only a part has arrived', async () => {
    const { agent, target } = await startAgent({ setup: (a) => a.onMessage(ask, (_, ack) => void ack.set(number, 1)) });
    const peer = await connectRaw(target);
    const bytes = asking(1).toBytes();
    peer.send(haproxyHello(), bytes.subarray(0, 10));
    await eventually(() => peer.frames().length === 1);
    const closed = agent.close();
    await sleep(5);
    expect(peer.frames()).toHaveLength(1);
    peer.send(bytes.subarray(10));
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('waits for a fragmented NOTIFY', async () => {
    const { agent, target } = await startAgent({ setup: (a) => a.onMessage(ask, (_, ack) => void ack.set(number, 1)) });
    const peer = await connectRaw(target);
    const [first, ...rest] = fragment(asking(1), 3);
    peer.send(haproxyHello({ capabilities: 'async' }), first!);
    await eventually(() => peer.frames().length === 1);
    const closed = agent.close();
    await sleep(5);
    peer.send(...rest);
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('answers NOTIFYs that had arrived, but were held back by maxInFlightPerConnection', async () => {
    const { waiting, bench } = waitingAgent({ maxInFlightPerConnection: 1 });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...[1, 2, 3, 4, 5].map(asking));
    await eventually(() => waiting.settle.length === 1);
    const closed = agent.close();
    for (let i = 0; i < 5; i++) {
      await eventually(() => waiting.settle.length === 1);
      waiting.settleAll();
    }
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type, streamId }) => `${type} ${streamId}`)).toEqual([
      'AGENT-HELLO 0',
      ...[1, 2, 3, 4, 5].map((id) => `ACK ${id}`),
      'AGENT-DISCONNECT 0',
    ]);
    peer.stream.end();
    await closed;
  });

  it('waits at most lingerTimeoutMs for a peer that never closes', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', lingerTimeoutMs: 30 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    await agent.close();
    expect(agent.connectionCount).toBe(0);
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().at(-1)).toBeDisconnect(0);
  });
});

describe('a HAPROXY-DISCONNECT', () => {
  it('with a status below 0 counts as an unknown one', async () => {
    const { agent, connect, reports } = await startAgent();
    const peer = await connect();
    await peer.hello();
    const bytes = Buffer.alloc(64);
    const writer = new FrameWriter();
    writer.begin(bytes, 0, bytes.length, FrameType.HaproxyDisconnect);
    writer.item('status-code', int32, -1);
    writer.item('message', string, 'why');
    peer.send(bytes.subarray(0, writer.end()));
    await eventually(() => reports.disconnect.length === 1);
    expect(agent.toMetrics().disconnects).toEqual({ 99: 1 });
  });

  it.each([0, 1, 2, 99, 100, 4_294_967_295])(
    'with status %i is answered with AGENT-DISCONNECT 0 and the end',
    async (status) => {
      const { connect, reports } = await startAgent({ link: 'IPv4' });
      const peer = await connect();
      await peer.hello();
      const answer = await peer.disconnect({ statusCode: status, message: 'why' });
      expect(answer).toHaveProperty('items.0', { name: 'status-code', value: data.uint32(0) });
      await eventually(() => reports.disconnect.length === 1);
      expect(reports.disconnect).toMatchObject([{ status, reason: 'why', frames: 2 }]);
      expect(reports.protocolError).toEqual([]);
    },
  );

  it('without its keys is answered too', async () => {
    const { connect } = await startAgent();
    const peer = await connect();
    await peer.hello();
    expect(await peer.disconnect({ statusCode: null, message: null })).toBeDisconnect(0);
  });

  it('ends the NOTIFYs in flight: HAProxy has given them up', async () => {
    const { waiting, bench } = waitingAgent();
    const { agent, connect, reports } = await bench;
    const peer = await connect();
    await peer.hello();
    peer.send(asking(1), asking(2));
    await eventually(() => agent.inFlightCount === 2);
    expect(await peer.disconnect()).toBeDisconnect(0);
    expect(agent.inFlightCount).toBe(0);
    waiting.settleAll();
    await sleep(5);
    expect(peer.received.map(({ type }) => type)).toEqual(['AGENT-HELLO', 'AGENT-DISCONNECT']);
    expect(reports.handlerError).toEqual([]);
  });

  it('after NOTIFYs in one batch is answered after their ACKs', async () => {
    const { target } = await startAgent({ setup: (a) => a.onMessage(ask, (_, ack) => void ack.set(number, 1)) });
    const peer = await connectRaw(target);
    const { haproxyDisconnect } = await import('@spop/builder');
    peer.send(haproxyHello(), asking(1), asking(2), haproxyDisconnect(), asking(3));
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    expect(peer.chunks).toHaveLength(1);
    peer.stream.end();
  });
});

describe('a peer that ends its side', () => {
  it.each(linkKinds)('after its NOTIFYs is still answered, then its connection is closed, over %s', async (link) => {
    const { waiting, bench } = waitingAgent({ link });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1), asking(2));
    peer.stream.end();
    await eventually(() => agent.inFlightCount === 2);
    await sleep(5);
    expect(peer.ending()).toBeUndefined();
    waiting.settleAll();
    await eventually(() => peer.ending() !== undefined);
    expect(peer.ending()).toBe('end');
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK']);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });

  it.each(linkKinds)('while it is held back still gets the answers to all its NOTIFYs, over %s', async (link) => {
    const { waiting, bench } = waitingAgent({ link, maxInFlightPerConnection: 1 });
    const { agent, target } = await bench;
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1), asking(2), asking(3));
    peer.stream.end();
    for (let i = 0; i < 3; i++) {
      await eventually(() => waiting.settle.length === 1);
      waiting.settleAll();
    }
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'ACK']);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });
});
