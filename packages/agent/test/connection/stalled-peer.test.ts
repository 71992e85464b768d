import { haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { connectRaw, eventually, linkKinds, pooledBuffersOut, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const long = defineVariable('txn', 'long', string);
/** So long that few ACKs fill the kernel's buffers. */
const LONG = 'x'.repeat(700);
const BATCH = 200;

const asking = (streamId: number): Uint8Array =>
  notify({ streamId })
    .message(ask, { id: `${streamId}` })
    .toBytes();

describe('a peer that is busy while many asynchronous handlers settle at once', () => {
  it('gets the answers to all its later NOTIFYs', async () => {
    let settle: () => void = () => {};
    const gate = new Promise<void>((resolve) => (settle = resolve));
    const { agent, target } = await startAgent({
      link: 'unix socket',
      // As with HAProxy 3.0 and older, an ACK may fill a frame.
      setup: (each) =>
        each.onMessage(ask, ({ id }, ack): void | Promise<void> => {
          if (id.equals('now')) return;
          return gate.then(() => void ack.set(long, 'x'.repeat(15_000)));
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining,async,fragmentation' }));
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    peer.send(...Array.from({ length: 20 }, (_, streamId) => asking(streamId)));
    await eventually(() => agent.inFlightCount === 20);
    settle();
    await eventually(() => agent.inFlightCount === 0);
    peer.stream.resume();
    expect(await eventually(() => peer.frames().length === 21)).toBe(true);
    for (let streamId = 20; streamId < 25; streamId++) {
      peer.send(notify({ streamId }).message(ask, { id: 'now' }));
      expect(await eventually(() => peer.frames().length === streamId + 2)).toBe(true);
    }
  });
});

describe.each(linkKinds.filter((link) => link !== 'memory'))('a peer that stops reading over %s', (link) => {
  it('gets every ACK in the order of its NOTIFYs once it reads on, and then no buffer is out, without another write', async () => {
    const { reports, target } = await startAgent({
      link,
      // A tick every 5 ms.
      partialFrameTimeoutMs: 20,
      setup: (agent) => agent.onMessage(ask, (_, ack) => void ack.set(long, LONG)),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    let sent = 0;
    await eventually(() => {
      peer.stream.write(Buffer.concat(Array.from({ length: BATCH }, () => asking(sent++))));
      return reports.overload.length > 0;
    });
    expect(reports.overload[0]).toMatchObject({ limit: 'output' });
    // One buffer being filled, two that wait, and if a chunk's ACKs take more than one, each of those.
    expect(pooledBuffersOut()).toBeGreaterThan(0);
    expect(pooledBuffersOut()).toBeLessThanOrEqual(4);
    peer.stream.resume();
    let count = 0;
    const size = (): number => peer.chunks.reduce((total, { length }) => total + length, 0);
    await eventually(() => {
      if (size() > sent * LONG.length) count = peer.frames().length - 1;
      return count === sent;
    });
    const acks = peer.frames().slice(1);
    expect(acks).toHaveLength(sent);
    expect(acks.findIndex(({ type, streamId }, index) => type !== 'ACK' || Number(streamId) !== index)).toBe(-1);
    expect(await eventually(() => pooledBuffersOut() === 0)).toBe(true);
    expect(peer.ending()).toBeUndefined();
  }, 40_000);

  it('leaves no buffer out if just one write waited for it, which only the clock notices', async () => {
    const { agent, target } = await startAgent({
      link,
      partialFrameTimeoutMs: 20,
      setup: (each) => each.onMessage(ask, (_, ack) => void ack.set(long, LONG)),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    let sent = 0;
    // Fewer ACKs at a time than a buffer holds, until the kernel takes no more.
    while (pooledBuffersOut() === 0) {
      peer.send(...Array.from({ length: 80 }, () => asking(sent++)));
      expect(await eventually(() => agent.toMetrics().notifies === sent)).toBe(true);
    }
    // Two if the last batch arrived in two reads.
    expect(pooledBuffersOut()).toBeLessThanOrEqual(2);
    peer.stream.resume();
    expect(await eventually(() => pooledBuffersOut() === 0)).toBe(true);
    const size = (): number => peer.chunks.reduce((total, { length }) => total + length, 0);
    // Parsed only when nearly all bytes have arrived: parsing takes long.
    expect(await eventually(() => size() > sent * LONG.length && peer.frames().length - 1 === sent)).toBe(true);
    expect(
      peer
        .frames()
        .slice(1)
        .map(({ streamId }) => Number(streamId)),
    ).toEqual(Array.from({ length: sent }, (_, i) => i));
  }, 40_000);
});
