import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fragment, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, pooledBuffersOut, type RawPeer, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

/** Handlers that wait for the test, and the highest number that waited at once. */
class Waiting {
  readonly settle: (() => void)[] = [];
  most = 0;

  readonly setup = (agent: Agent): unknown =>
    agent.onMessage(ask, async (_, ack) => {
      await this.wait(agent);
      ack.set(number, 1);
    });

  wait(agent: Agent): Promise<void> {
    this.most = Math.max(this.most, agent.inFlightCount + 1);
    return new Promise((resolve) => this.settle.push(resolve));
  }

  /** Lets handlers answer, the oldest first, until `isDone`. */
  async settleUntil(isDone: () => boolean): Promise<boolean> {
    return eventually(() => {
      this.settle.shift()?.();
      return isDone();
    });
  }
}

const asking = (streamId: number): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id: `${streamId}` });

function idsOf(peer: RawPeer): number[] {
  return peer
    .frames()
    .filter(({ type }) => type === 'ACK')
    .map(({ streamId }) => Number(streamId));
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(linkKinds)('maxInFlightBytes over %s', (link) => {
  it('holds back NOTIFYs above it but one, and answers all of them in the end', async () => {
    const waiting = new Waiting();
    // Each counts 4,096 bytes for itself and its ACK, 3,072 for its exchange, and 768 for its message's view: 7,936.
    const { agent, connect, target } = await startAgent({ link, maxInFlightBytes: 50_000, setup: waiting.setup });
    const peers = await Promise.all(ids(5).map(() => connectRaw(target)));
    const long = (streamId: number): ReturnType<typeof notify> =>
      notify({ streamId }).message(ask, { id: `${streamId}`.padEnd(3_000) });
    for (const peer of peers) peer.send(haproxyHello({ capabilities: 'pipelining' }), ...ids(20).map(long));
    await eventually(() => waiting.settle.length === 7);
    await sleep(10);
    expect([waiting.settle.length, agent.inFlightCount]).toEqual([7, 7]);
    expect(await waiting.settleUntil(() => peers.every((peer) => idsOf(peer).length === 20))).toBe(true);
    expect(peers.map(idsOf)).toEqual(peers.map(() => ids(20)));
    expect(waiting.most).toBe(7);
    expect((await (await connect()).hello()).version).toBe('2.0');
  });

  it('lets one connection have a quarter of it, so that others are served', async () => {
    const waiting = new Waiting();
    const { agent, target } = await startAgent({
      link,
      maxInFlightBytes: 50_000,
      setup: (made) => {
        waiting.setup(made);
        made.onMessage(defineMessage('quick', {}), () => {});
      },
    });
    const [greedy, other] = await Promise.all([connectRaw(target), connectRaw(target)]);
    const long = (streamId: number): ReturnType<typeof notify> =>
      notify({ streamId }).message(ask, { id: `${streamId}`.padEnd(3_000) });
    greedy.send(haproxyHello({ capabilities: 'pipelining' }), ...ids(20).map(long));
    // The NOTIFYs within 12,500 bytes, and one more.
    await eventually(() => waiting.settle.length === 2);
    await sleep(10);
    expect([waiting.settle.length, agent.inFlightCount]).toEqual([2, 2]);
    other.send(haproxyHello({ capabilities: 'pipelining' }), notify({ streamId: 7 }).message('quick'));
    expect(await eventually(() => idsOf(other).length === 1)).toBe(true);
    expect(await waiting.settleUntil(() => idsOf(greedy).length === 20)).toBe(true);
  });

  it('counts the views of a message that a peer repeats', async () => {
    const waiting = new Waiting();
    const { agent, target } = await startAgent({
      link,
      maxInFlightBytes: 16_000_000,
      setup: (made) => made.onMessage(ask, () => {}).onNotify(() => waiting.wait(made)),
    });
    const peer = await connectRaw(target);
    // Some 10,000 bytes each, and views of 1.5 million.
    const repeating = (streamId: number): ReturnType<typeof notify> =>
      ids(2_008).reduce((frame) => frame.message('ask'), notify({ streamId }));
    peer.send(haproxyHello({ capabilities: 'pipelining' }), ...ids(6).map(repeating));
    await eventually(() => waiting.settle.length === 3);
    await sleep(10);
    expect([waiting.settle.length, agent.inFlightCount]).toEqual([3, 3]);
    expect(await waiting.settleUntil(() => idsOf(peer).length === 6)).toBe(true);
    expect(idsOf(peer)).toEqual(ids(6));
    expect(waiting.most).toBe(3);
  });
});

describe.each(linkKinds)('maxInFlightPerConnection over %s', (link) => {
  it('holds back NOTIFYs above it, answers all of them in the end, and reports it', async () => {
    const waiting = new Waiting();
    const { target, reports } = await startAgent({ link, maxInFlightPerConnection: 3, setup: waiting.setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...ids(50).map(asking));
    await eventually(() => waiting.settle.length === 3);
    await sleep(10);
    expect(waiting.settle).toHaveLength(3);
    expect(await waiting.settleUntil(() => idsOf(peer).length === 50)).toBe(true);
    expect(idsOf(peer)).toEqual(ids(50));
    expect(waiting.most).toBe(3);
    expect(reports.overload[0]).toMatchObject({ connection: { id: 1 }, limit: 'maxInFlightPerConnection' });
  });
});

describe('maxInFlight', () => {
  it.each([1, 2, 7])(
    'of %i holds for 12 connections together, and each of them is answered in the end',
    async (limit) => {
      const waiting = new Waiting();
      const { reports, target } = await startAgent({ link: 'IPv4', maxInFlight: limit, setup: waiting.setup });
      const peers = await Promise.all(ids(12).map(() => connectRaw(target)));
      for (const peer of peers) peer.send(haproxyHello());
      await eventually(() => peers.every((peer) => peer.frames().length === 1));
      for (const peer of peers) peer.send(...ids(10).map(asking));
      await eventually(() => waiting.settle.length === limit);
      expect(await waiting.settleUntil(() => peers.every((peer) => idsOf(peer).length === 10))).toBe(true);
      for (const peer of peers) expect(idsOf(peer)).toEqual(ids(10));
      expect(waiting.most).toBe(limit);
      expect(new Set(reports.overload.map(({ limit: reached }) => reached))).toEqual(new Set(['maxInFlight']));
    },
  );

  it('still admits HELLOs, answers health checks, and lets peers leave while it is reached', async () => {
    const waiting = new Waiting();
    const { connect, target } = await startAgent({ link: 'IPv4', maxInFlight: 1, setup: waiting.setup });
    const busy = await connectRaw(target);
    busy.send(haproxyHello(), asking(0));
    await eventually(() => waiting.settle.length === 1);
    const [checking, fresh] = await Promise.all([connect(), connect()]);
    expect((await checking.healthcheck()).version).toBe('2.0');
    expect((await fresh.hello()).version).toBe('2.0');
    waiting.settle.shift()?.();
    await eventually(() => idsOf(busy).length === 1);
    await fresh.disconnect();
  });

  it('gives the room of a closed connection to others', async () => {
    const waiting = new Waiting();
    const { agent, target } = await startAgent({ link: 'IPv4', maxInFlight: 3, setup: waiting.setup });
    const [gone, other] = await Promise.all([connectRaw(target), connectRaw(target)]);
    gone.send(haproxyHello(), asking(0), asking(1));
    await eventually(() => waiting.settle.length === 2);
    other.send(haproxyHello(), asking(7), asking(8), asking(9));
    await eventually(() => waiting.settle.length === 3);
    if (gone.stream instanceof Socket) gone.stream.resetAndDestroy();
    expect(await eventually(() => waiting.settle.length === 5)).toBe(true);
    for (const settle of waiting.settle) settle();
    expect(await eventually(() => idsOf(other).length === 3)).toBe(true);
    expect(agent.inFlightCount).toBe(0);
  });

  it('resumes a connection that has reached its own limit, too', async () => {
    const waiting = new Waiting();
    const { target } = await startAgent({ maxInFlight: 4, maxInFlightPerConnection: 2, setup: waiting.setup });
    const peers = await Promise.all(ids(5).map(() => connectRaw(target)));
    for (const peer of peers) peer.send(haproxyHello(), ...ids(20).map(asking));
    expect(await waiting.settleUntil(() => peers.every((peer) => idsOf(peer).length === 20))).toBe(true);
    expect(waiting.most).toBe(4);
  });
});

describe.each(linkKinds)('a peer that never reads while it sends, over %s', (link) => {
  it('is read until the stream is full; memory stays bounded, others are answered, and it goes on when it reads', async () => {
    const { agent, connect, reports, target } = await startAgent({
      link,
      setup: (a) => a.onMessage(ask, (_, ack) => void ack.set(number, 1)),
    });
    const other = await connect();
    await other.hello();
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    const batch = Buffer.concat(ids(2_000).map((id) => asking(id).toBytes()));
    let sent = 0;
    // Far more than the kernel's buffers take in both directions; the peer's own backlog shows that the agent does not read.
    while (sent < 1_000 && peer.stream.writableLength < 4_000_000) {
      peer.stream.write(batch);
      sent++;
      await sleep(1);
    }
    await eventually(() => reports.overload.length > 0);
    expect(sent).toBeLessThan(1_000);
    expect(reports.overload[0]).toMatchObject({ limit: 'output' });
    expect(pooledBuffersOut()).toBeLessThanOrEqual(4);
    expect(agent.inFlightCount).toBe(0);
    expect((await other.notify(ask, { id: '1' })).actions).toHaveLength(1);
    let bytes = 0;
    peer.chunks.length = 0;
    peer.stream.removeAllListeners('data');
    peer.stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    peer.stream.resume();
    // 23 bytes an ACK, and one more if the stream-id takes two.
    const expected = sent * (240 * 23 + 1_760 * 24);
    expect(await eventually(() => bytes >= expected, 20_000)).toBe(true);
    expect(bytes).toBe(expected);
  }, 40_000);

  it('takes only one more buffer for all handlers that settle meanwhile, one by one', async () => {
    const gates: (() => void)[] = [];
    const { reports, target } = await startAgent({
      link,
      setup: (a) =>
        a.onMessage(ask, (message, ack) => {
          ack.set(number, 1);
          return message.id.startsWith('wait') ? new Promise<void>((resolve) => gates.push(resolve)) : undefined;
        }),
    });
    const peer = await connectRaw(target);
    const waiting = Array.from({ length: 200 }, () => notify().message(ask, { id: 'wait' }));
    peer.send(haproxyHello(), ...waiting);
    await eventually(() => gates.length === 200);
    peer.stream.pause();
    const batch = Buffer.concat(ids(2_000).map((id) => asking(id).toBytes()));
    await eventually(() => {
      peer.stream.write(batch);
      return reports.overload.length > 0;
    });
    for (const open of gates) {
      open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pooledBuffersOut()).toBeLessThanOrEqual(4);
    peer.stream.destroy();
  });

  it('and then resets is removed with all buffers that waited for it', async () => {
    const { agent, reports, target } = await startAgent({
      link,
      setup: (a) => a.onMessage(ask, (_, ack) => void ack.set(number, 1)),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    const batch = Buffer.concat(ids(2_000).map((id) => asking(id).toBytes()));
    await eventually(() => {
      peer.stream.write(batch);
      return reports.overload.length > 0;
    });
    expect(pooledBuffersOut()).toBeLessThanOrEqual(4);
    if (link === 'memory') await agent.close({ graceMs: 0 });
    else peer.stream.destroy();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(pooledBuffersOut()).toBe(0);
  });
});

describe('maxReassembledBytes', () => {
  it('answers a NOTIFY above it with the fallback, and all others on the connection as usual', async () => {
    const { connect, reports } = await startAgent({
      maxReassembledBytes: 1_000,
      fallback: (_, ack) => void ack.set(number, 99),
      setup: (a) => a.onMessage(ask, (message, ack) => void ack.set(number, message.id.byteLength)),
    });
    const peer = await connect({ haproxy: '3.0' });
    await peer.hello();
    const big = peer.preset.notify().message(ask, { id: 'x'.repeat(1_000) });
    peer.send(...fragment(big, 300));
    expect(await peer.receive()).toSetVar('txn', 'number', 99);
    const small = peer.preset.notify().message(ask, { id: 'x'.repeat(500) });
    peer.send(...fragment(small, 300));
    expect(await peer.receive()).toSetVar('txn', 'number', 500);
    expect(reports.overload).toMatchObject([
      {
        limit: 'maxReassembledBytes',
        reason: expect.stringMatching(/^a fragmented NOTIFY is above 1000 bytes/) as string,
      },
    ]);
  });
});
