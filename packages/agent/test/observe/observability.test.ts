import { AsyncLocalStorage } from 'node:async_hooks';
import { type Channel, channel } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { fragment, haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { EVENT_NAMES } from '../../src/observe/events.ts';
import { type Agent, createAgent, type Logger, type NotifyTrace } from '../../src/index.ts';
import { publishEvent } from '../../src/observe/trace.ts';
import { connectRaw, eventually, startAgent } from '../harness.ts';
import { stopTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

const asking = (streamId: number, id: string): ReturnType<typeof notify> => notify({ streamId }).message(ask, { id });

/** Answers as the id says: at once, later, with an error, or never. */
function setup(agent: Agent): void {
  agent.onMessage(ask, ({ id }, ack): void | Promise<void> => {
    const what = id.toString();
    if (what === 'throw') throw new Error('thrown');
    if (what === 'reject') return Promise.reject(new Error('rejected'));
    if (what === 'never') return new Promise(() => {});
    if (what === 'later') return new Promise((resolve) => void setTimeout(resolve, 5));
    ack.set(number, 1);
  });
}

/** Waits for this many ACKs. */
async function acks(peer: Awaited<ReturnType<typeof connectRaw>>, count: number): Promise<void> {
  const isThere = (): boolean => peer.frames().filter(({ type }) => type === 'ACK').length === count;
  expect(await eventually(isThere)).toBe(true);
}

describe('toMetrics', () => {
  it('is all zero before the first connection, and still permits new handlers', () => {
    const agent = createAgent();
    const { agent: name, latency, events, disconnects, ...numbers } = agent.toMetrics();
    expect(name).toBeUndefined();
    expect(new Set(Object.values(numbers))).toEqual(new Set([0]));
    expect(new Set(Object.values(events))).toEqual(new Set([0]));
    expect(disconnects).toEqual({});
    expect(latency).toMatchObject({ count: 0, sumMs: 0, maxMs: 0, p99Ms: 0 });
    agent.onMessage(ask, () => {});
  });

  it('counts bytes, frames, answers, failures, late answers and ends', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({ link: 'IPv4', setup, processingTimeoutMs: 30 });
    const peer = await connectRaw(target);
    const sent = [haproxyHello(), asking(1, 'now'), asking(2, 'throw'), asking(3, 'later'), asking(4, 'reject')];
    peer.send(...sent, asking(5, 'never'));
    expect(await eventually(() => agent.toMetrics().notifies === 5)).toBe(true);
    expect(agent.toMetrics()).toMatchObject({ openConnections: 1 });
    await acks(peer, 4);
    await time.pass(30);
    await acks(peer, 5);
    const during = agent.toMetrics();
    expect(during).toMatchObject({
      openConnections: 1,
      inFlightNotifies: 0,
      outputBuffers: 0,
      events: { connect: 1, disconnect: 0, handlerError: 2, handlerTimeout: 1, protocolError: 0 },
      notifies: 5,
      framesRead: 6,
      bytesRead: [...sent, asking(5, 'never')].reduce((sum, frame) => sum + frame.toBytes().length, 0),
      bytesWritten: peer.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
      latency: { count: 5 },
    });
    peer.send(haproxyHello());
    expect(await eventually(() => agent.toMetrics().events.disconnect === 1)).toBe(true);
    expect(agent.toMetrics()).toMatchObject({
      openConnections: 0,
      events: { protocolError: 1 },
      disconnects: { 4: 1 },
      framesRead: 7,
      bytesRead: during.bytesRead + haproxyHello().toBytes().length,
      bytesWritten: peer.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    });
  });

  it('counts health checks, refused connections, late answers and oversized NOTIFYs', async () => {
    let settle = (): void => {};
    const { agent, target } = await startAgent({
      maxConnections: 1,
      processingTimeoutMs: 20,
      maxReassembledBytes: 300,
      setup: (made) => made.onMessage(ask, () => new Promise<void>((resolve) => (settle = resolve))),
    });
    const check = await connectRaw(target);
    check.send(haproxyHello({ healthcheck: true }));
    expect(await eventually(() => agent.toMetrics().healthchecks === 1)).toBe(true);
    check.stream.destroy();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1, 'x'), ...fragment(asking(2, 'y'.repeat(500)), 100));
    await acks(peer, 2);
    settle();
    expect(await eventually(() => agent.toMetrics().lateAnswers === 1)).toBe(true);
    await connectRaw(target);
    expect(agent.toMetrics()).toMatchObject({
      refusedConnections: 1,
      oversizedNotifies: 1,
      // A health check is no connection, and one that is refused has no handshake.
      events: { connect: 1, overload: 2, handlerTimeout: 1 },
    });
  });
});

describe('latency', () => {
  it('counts each NOTIFY of a batch with the time until the batch was answered', async () => {
    const time = stopTime();
    const spending = (each: Agent): unknown => each.onMessage(ask, () => time.skip(0.03125));
    const { agent, target } = await startAgent({ setup: spending });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...Array.from({ length: 50 }, (_, i) => asking(i, 'now')));
    await acks(peer, 50);
    const { latency } = agent.toMetrics();
    expect([latency.count, latency.sumMs, latency.maxMs]).toEqual([50, 50 * 1.5625, 1.5625]);
  });

  it('counts an asynchronous NOTIFY with its own time, the handler included', async () => {
    const { agent, target } = await startAgent({ setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1, 'later'), asking(2, 'now'));
    await acks(peer, 2);
    const { latency } = agent.toMetrics();
    expect(latency.count).toBe(2);
    // A timer of 5 ms may fire at 4.
    expect(latency.maxMs).toBeGreaterThan(3.5);
  });
});

describe('eventLoopBlocked', () => {
  it('is reported with its length when the event loop was blocked for longer than the option', async () => {
    const { agent, reports, target } = await startAgent({ setup, eventLoopBlockedMs: 40 });
    await connectRaw(target);
    // The clock has ticked once.
    await eventually(() => false, 30);
    const before = reports.eventLoopBlocked.length;
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect(await eventually(() => reports.eventLoopBlocked.length > before)).toBe(true);
    const longest = Math.max(...reports.eventLoopBlocked.map(({ blockedMs }) => blockedMs));
    expect(longest).toBeGreaterThan(150);
    expect(agent.toMetrics().maxEventLoopLagMs).toBe(longest);
    expect(agent.toMetrics().events.eventLoopBlocked).toBe(reports.eventLoopBlocked.length);
  });

  it('is not looked for with 0', async () => {
    const { agent, reports, target } = await startAgent({ setup, eventLoopBlockedMs: 0 });
    await connectRaw(target);
    const until = performance.now() + 300;
    while (performance.now() < until);
    await eventually(() => false, 30);
    expect(reports.eventLoopBlocked).toEqual([]);
    expect(agent.toMetrics().events.eventLoopBlocked).toBe(0);
  });
});

describe('the logger of an agent', () => {
  it('is called for listening, connections, errors and the end, in order', async () => {
    const lines: string[] = [];
    const write = (details: object): void => void lines.push(String(Reflect.get(details, 'event')));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const { agent, target } = await startAgent({ link: 'IPv4', setup, logger, eventLoopBlockedMs: 0 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1, 'throw'));
    await acks(peer, 1);
    peer.stream.end();
    await eventually(() => agent.connectionCount === 0);
    await agent.close();
    expect(lines).toEqual(['listening', 'connect', 'handlerError', 'disconnect', 'closing', 'closed']);
  });

  it('gets a few lines about a peer that reconnects over and over', async () => {
    const warn = vi.fn<Logger['warn']>();
    const none = (): void => {};
    const { agent, target } = await startAgent({ logger: { debug: none, info: none, warn, error: none } });
    for (let i = 0; i < 200; i++) {
      const peer = await connectRaw(target);
      peer.send(haproxyHello({ supportedVersions: '1.0' }));
      peer.stream.resume();
    }
    expect(await eventually(() => agent.toMetrics().events.protocolError === 200)).toBe(true);
    await agent.close({ graceMs: 0 });
    const about = warn.mock.calls.filter(([details]) => Reflect.get(details, 'event') === 'protocolError');
    expect(about).toHaveLength(10);
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ event: 'repeated', kind: 'protocolError, SPOP_UNSUPPORTED_VERSION', suppressed: 190 }),
      expect.any(String),
    );
  });
});

/** Keeps the published events until the test ends. */
function subscribe(name: string): unknown[] {
  const messages: unknown[] = [];
  const keep = (message: unknown): void => void messages.push(message);
  const target: Channel = channel(name);
  target.subscribe(keep);
  onTestFinished(() => target.unsubscribe(keep));
  return messages;
}

describe('the diagnostics channels', () => {
  it('carry the same events as the hooks', async () => {
    const seen = ['connect', 'disconnect', 'protocolError', 'handlerError'].map((name) => subscribe(`spop:${name}`));
    const { agent, reports, target } = await startAgent({ setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(1, 'throw'));
    await acks(peer, 1);
    peer.send(haproxyHello());
    await eventually(() => agent.connectionCount === 0);
    expect(seen).toEqual([reports.connect, reports.disconnect, reports.protocolError, reports.handlerError]);
    expect(seen.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  });

  it.each(EVENT_NAMES)('have one for the event %s', (name) => {
    const messages = subscribe(`spop:${name}`);
    const info = { connection: { id: 1, remote: undefined, engineId: undefined } };
    publishEvent(name, info as never);
    expect(messages).toEqual([info]);
  });

  it('report the start, the end and the outcome of every NOTIFY', async () => {
    const starts = subscribe('spop:notify:start') as NotifyTrace[];
    const ends = new Map<number, unknown>();
    const keep = (message: unknown): void => {
      const trace = message as NotifyTrace;
      // The views are still valid.
      const reason = trace.error instanceof Error ? trace.error.message : trace.error;
      ends.set(trace.notify.streamId, [trace.notify.get(ask)?.id.toString(), trace.outcome, reason]);
      expect(starts).toContain(trace);
    };
    channel('spop:notify:end').subscribe(keep);
    onTestFinished(() => channel('spop:notify:end').unsubscribe(keep));
    const time = stopTime();
    const { agent, target } = await startAgent({ link: 'IPv4', setup, processingTimeoutMs: 30 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...['now', 'throw', 'later', 'reject', 'never', 'now'].map((id, i) => asking(i, id)));
    await acks(peer, 5);
    await time.pass(30);
    await acks(peer, 6);
    peer.send(asking(9, 'never'));
    await eventually(() => starts.length === 7);
    if (peer.stream instanceof Socket) peer.stream.resetAndDestroy();
    await eventually(() => agent.connectionCount === 0);
    expect(starts.map(({ connection }) => connection.id)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(Object.fromEntries(ends)).toEqual({
      0: ['now', 'answered', undefined],
      1: ['throw', 'failed', 'thrown'],
      2: ['later', 'answered', undefined],
      3: ['reject', 'failed', 'rejected'],
      4: ['never', 'timeout', undefined],
      5: ['now', 'answered', undefined],
      9: ['never', 'dropped', undefined],
    });
  });

  it('enter a store that is bound to the start for the handlers, and for their later steps', async () => {
    const store = new AsyncLocalStorage<number>();
    const start = channel('spop:notify:start');
    start.bindStore(store, (trace) => (trace as NotifyTrace).notify.streamId);
    onTestFinished(() => void start.unbindStore(store));
    const seen: (number | undefined)[] = [];
    const { target } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, async () => {
          await new Promise((resolve) => void setTimeout(resolve, 2));
          seen.push(store.getStore());
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(11, 'a'), asking(12, 'b'));
    await acks(peer, 2);
    expect(seen).toEqual([11, 12]);
    expect(store.getStore()).toBeUndefined();
  });
});
