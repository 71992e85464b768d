import { setImmediate as nextTurn } from 'node:timers/promises';
import { data, haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, int32 } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, type RawPeer, startAgent } from '../harness.ts';

const ask = defineMessage('ask', {});
const number = defineVariable('txn', 'number', int32);
const asking = (streamId: number): ReturnType<typeof notify> => notify({ streamId }).message(ask, {});
const hellos = {
  'with pipelining': haproxyHello({ capabilities: 'pipelining' }),
  'without pipelining': haproxyHello({ capabilities: '' }),
};

/** The status of the AGENT-DISCONNECT that a peer got. */
function statusOf(peer: RawPeer): unknown {
  const last = peer.frames().at(-1);
  return last?.type === 'AGENT-DISCONNECT' ? last.items[0]?.value : undefined;
}

function setup(agent: Agent): void {
  agent.onMessage(ask, (_, ack) => void ack.set(number, 1));
}

describe.each(linkKinds)('close({ graceMs: 0 }) over %s', (link) => {
  it.each(Object.entries(hellos))('sends status 0 to a peer %s that has no NOTIFY in flight', async (_, hello) => {
    const { agent, reports, target } = await startAgent({ link, setup });
    const peer = await connectRaw(target);
    peer.send(hello, asking(1));
    expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    await agent.close({ graceMs: 0 });
    expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
    expect(statusOf(peer)).toEqual(data.uint32(0));
    expect(reports.disconnect.map(({ status }) => status)).toEqual([0]);
  });

  it('answers NOTIFYs in flight with the fallback actions', async () => {
    const { agent, reports, target } = await startAgent({
      link,
      setup: (it) => it.onMessage(ask, () => new Promise<void>(() => {})),
      fallback: (_, ack) => void ack.set(number, 7),
    });
    const peer = await connectRaw(target);
    peer.send(hellos['with pipelining'], asking(1));
    expect(await eventually(() => agent.inFlightCount === 1)).toBe(true);
    await agent.close({ graceMs: 0 });
    // On Node 22 one end of a pair in memory does not notice that the other was destroyed.
    expect(await eventually(() => peer.frames().length === 3)).toBe(true);
    expect(peer.frames()[1]).toMatchObject({ type: 'ACK', actions: [{ value: { value: 7 } }] });
    expect(reports.disconnect.map(({ status }) => status)).toEqual([2]);
  });
});

/** The time of the agent, and of all timers, set by the test. */
function stopTimers(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return async (ms) => {
    for (let passed = 0; passed < ms; passed++) {
      vi.advanceTimersByTime(1);
      // The frames that a check or a deadline causes are written in one turn, and read in another.
      for (let turn = 0; turn < 3; turn++) await nextTurn();
    }
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await nextTurn();
}

describe('close() of an agent whose peers are quiet', () => {
  it.each([
    ['250 ms', 5_000, 248],
    ['half of the grace, if that is shorter', 100, 48],
  ])('ends a connection without pipelining after %s', async (_, graceMs, quietMs) => {
    const { agent, target } = await startAgent({ setup });
    const pass = stopTimers();
    const peer = await connectRaw(target);
    peer.send(hellos['without pipelining'], asking(1));
    await turns();
    const closing = agent.close({ graceMs });
    await pass(quietMs);
    expect(peer.frames()).toHaveLength(2);
    await pass(6);
    expect(statusOf(peer)).toEqual(data.uint32(0));
    peer.stream.end();
    await closing;
  });

  it('ends connections with pipelining one after the other, all within half of the grace', async () => {
    const { agent, target } = await startAgent({ setup });
    const pass = stopTimers();
    // More connections than there are checks in half of the grace: several are ended at each.
    const peers = await Promise.all(Array.from({ length: 60 }, () => connectRaw(target)));
    for (const peer of peers) {
      peer.send(hellos['with pipelining'], asking(1));
      peer.stream.on('end', () => peer.stream.end());
    }
    await turns();
    const closing = agent.close({ graceMs: 80 });
    const left = (): number => peers.filter((peer) => statusOf(peer) === undefined).length;
    await pass(16);
    expect(left()).toBeGreaterThan(20);
    expect(left()).toBeLessThan(60);
    // If all were quiet for half of the grace, 40 ms, they would be ended at once.
    await pass(22);
    expect(left()).toBeLessThan(12);
    await pass(8);
    expect(left()).toBe(0);
    await closing;
    expect(peers.map(statusOf)).toEqual(peers.map(() => data.uint32(0)));
  });
});

describe('close() of an agent whose peers are never quiet', () => {
  it('ends those with pipelining in the second half of the grace, with an ACK', async () => {
    const { agent, target } = await startAgent({ setup });
    const pass = stopTimers();
    const peer = await connectRaw(target);
    peer.send(hellos['with pipelining'], asking(1));
    await turns();
    const closing = agent.close({ graceMs: 400 });
    let streamId = 1;
    const endedAt = async (): Promise<number> => {
      for (let ms = 0; ms < 400; ms++) {
        // A NOTIFY is sent in each millisecond: no check finds a gap.
        peer.send(asking(++streamId));
        await pass(1);
        if (statusOf(peer) !== undefined) return ms;
      }
      return 400;
    };
    const ms = await endedAt();
    expect(ms).toBeGreaterThanOrEqual(198);
    expect(ms).toBeLessThan(206);
    expect(peer.frames().slice(-2)).toMatchObject([{ type: 'ACK' }, { type: 'AGENT-DISCONNECT' }]);
    peer.stream.end();
    await closing;
  });

  it('reads nothing more in the last quarter from those that always have a NOTIFY in flight', async () => {
    const waiting: (() => void)[] = [];
    const { agent, target } = await startAgent({
      setup: (it) => it.onMessage(ask, () => new Promise<void>((resolve) => void waiting.push(resolve))),
    });
    const pass = stopTimers();
    const peer = await connectRaw(target);
    peer.send(hellos['with pipelining'], asking(1));
    await turns();
    const closing = agent.close({ graceMs: 400 });
    let streamId = 1;
    let ms = 0;
    for (; ms < 400 && statusOf(peer) === undefined; ms++) {
      peer.send(asking(++streamId));
      await pass(1);
      // All NOTIFYs but the last received are answered.
      for (const settle of waiting.splice(0, Math.max(1, waiting.length - 1))) settle();
      await turns();
    }
    expect(ms).toBeGreaterThanOrEqual(200);
    expect(ms).toBeLessThanOrEqual(306);
    expect(statusOf(peer)).toEqual(data.uint32(0));
    peer.stream.end();
    await closing;
  });
});

describe('processingTimeoutMs', () => {
  it('is counted for each NOTIFY from its arrival', async () => {
    const { agent, reports, target } = await startAgent({
      processingTimeoutMs: 100,
      setup: (it) => it.onMessage(ask, () => new Promise<void>(() => {})),
    });
    const pass = stopTimers();
    const peer = await connectRaw(target);
    peer.send(hellos['with pipelining'], asking(1));
    await turns();
    await pass(60);
    peer.send(asking(2));
    await turns();
    await pass(39);
    expect(reports.handlerTimeout).toHaveLength(0);
    await pass(3);
    expect(reports.handlerTimeout.map(({ streamId }) => streamId)).toEqual([1]);
    await pass(55);
    expect(reports.handlerTimeout).toHaveLength(1);
    await pass(6);
    expect(reports.handlerTimeout.map(({ streamId }) => streamId)).toEqual([1, 2]);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK']);
    expect(agent.inFlightCount).toBe(0);
    // No NOTIFY is in flight: the next one has its full time.
    await pass(50);
    peer.send(asking(3));
    await turns();
    await pass(98);
    expect(reports.handlerTimeout).toHaveLength(2);
    await pass(4);
    expect(reports.handlerTimeout).toHaveLength(3);
  });
});
