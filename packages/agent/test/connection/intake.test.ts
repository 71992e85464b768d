import { setImmediate as nextTurn } from 'node:timers/promises';
import { fragment, notify } from '@spop/builder';
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { stopTime } from '../stopped-time.ts';
import { openAgent } from './connection-bench.ts';

const ask = defineMessage('ask', { id: string });
const asking = (id: string, streamId: number = 1): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id });
/** The beginning of a frame, which takes a carry of 16 KiB. */
const BEGINNING = asking('x'.repeat(16_000)).toBytes().subarray(0, 15_000);
const REST = asking('x'.repeat(16_000)).toBytes().subarray(15_000);

describe('the bytes of incomplete frames', () => {
  it('are those of the fragments and of the frame that was begun after them', async () => {
    const { greet, shared } = openAgent();
    const [first, second] = fragment(asking('x'.repeat(12_000)), 9_000);
    const peer = await greet();
    await peer.send(first!);
    const fragments = shared.incomplete.total;
    expect(fragments).toBeGreaterThan(9_000);
    const bytes = second!.toBytes();
    await peer.send(bytes.subarray(0, 2_000));
    const both = shared.incomplete.total;
    expect(both).toBeGreaterThanOrEqual(fragments + 2_000);
    peer.connection.destroy();
    await nextTurn();
    expect(shared.incomplete.total).toBe(0);
  });

  it('count while reading is paused, and those of the fragments that are read after it', async () => {
    const settle: (() => void)[] = [];
    const { greet, shared } = openAgent(
      (handlers) => handlers.add(ask, () => new Promise<void>((resolve) => void settle.push(resolve))),
      { maxInFlightPerConnection: 1 },
    );
    const peer = await greet();
    await peer.send(asking('1', 1), fragment(asking('x'.repeat(12_000), 2), 9_000)[0]!);
    const paused = shared.incomplete.total;
    expect(paused).toBeGreaterThan(9_000);
    settle[0]?.();
    for (let i = 0; i < 4; i++) await nextTurn();
    expect(peer.connection.session.fragmentedCount).toBe(1);
    expect(shared.incomplete.total).toBe(paused + peer.connection.session.fragmentBytes);
  });
});

describe('bytes that arrive while reading is paused', () => {
  it('are kept, though their memory is used again', async () => {
    const settle: (() => void)[] = [];
    const ids: string[] = [];
    const { greet } = openAgent(
      (handlers) =>
        handlers.add(ask, ({ id }) => {
          ids.push(id.toString());
          return new Promise<void>((resolve) => void settle.push(resolve));
        }),
      { maxInFlightPerConnection: 1 },
    );
    const peer = await greet();
    await peer.send(asking('first', 1), asking('second', 2));
    const chunk = Buffer.from(asking('third', 3).toBytes());
    peer.stream.emit('data', chunk);
    chunk.fill(0);
    for (let i = 0; i < 3; i++) {
      settle[i]?.();
      for (let turns = 0; turns < 4; turns++) await nextTurn();
    }
    expect(ids).toEqual(['first', 'second', 'third']);
    expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'ACK']);
  });
});

describe('maxIncompleteBytes', () => {
  it('ends the connection whose frame was begun longest ago, with status 13 and an event', async () => {
    const time = stopTime();
    const { events, greet, shared } = openAgent((handlers) => handlers.add(ask, () => {}), {
      maxIncompleteBytes: 40_000,
    });
    const [late, early, last] = [await greet(), await greet(), await greet()];
    await early.send(BEGINNING);
    time.skip(5);
    await late.send(BEGINNING);
    time.skip(5);
    await last.send(BEGINNING);
    expect([late, early, last].map(({ types }) => types().slice(1))).toEqual([[], ['AGENT-DISCONNECT'], []]);
    expect(events.slice(3)).toMatchObject([['overload', { connection: { id: 2 }, limit: 'maxIncompleteBytes' }]]);
    expect(shared.incomplete.total).toBeLessThan(40_000);
    expect([late, early, last].map(({ connection }) => connection.hasUnread)).toEqual([true, false, true]);
    for (const peer of [late, last]) {
      await peer.send(REST);
      expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK']);
    }
  });

  it('takes back the memory of connections that hold no bytes before it ends any', async () => {
    const { events, greet } = openAgent((handlers) => handlers.add(ask, () => {}), { maxIncompleteBytes: 40_000 });
    const peers = [await greet(), await greet(), await greet(), await greet()];
    for (const peer of peers) {
      await peer.send(BEGINNING);
      await peer.send(REST);
    }
    expect(events.map(([name]) => name)).toEqual(peers.map(() => 'connect'));
    for (const peer of peers) expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK']);
  });

  it('leaves a connection its bytes that are not complete', async () => {
    const { greet, shared } = openAgent((handlers) => handlers.add(ask, () => {}), { maxIncompleteBytes: 40_000 });
    const [first, second] = [await greet(), await greet()];
    await first.send(BEGINNING);
    await second.send(BEGINNING);
    const { total } = shared.incomplete;
    shared.incomplete.note({ incompleteSince: 0, giveBackEmpty: () => {}, endForRoom: () => {} }, 39_000);
    expect(shared.incomplete.total).toBe(total);
    await first.send(REST);
    expect(first.types()).toEqual(['AGENT-HELLO', 'ACK']);
  });
});

describe('the time of an incomplete frame', () => {
  it.each([
    ['a frame in two pieces', [BEGINNING.subarray(0, 10), BEGINNING.subarray(10, 20)]],
    ['the fragments of one NOTIFY', fragment(asking('x'.repeat(100)), 40).slice(0, 2)],
  ])('counts from its first bytes: %s', async (_, pieces) => {
    const time = stopTime();
    const { greet } = openAgent(undefined, { partialFrameTimeoutMs: 100 });
    const peer = await greet();
    time.skip(500);
    const begun = Math.trunc(performance.now());
    for (const piece of pieces) {
      await peer.send(piece);
      time.skip(60);
    }
    peer.connection.checkTimers(begun + 99);
    await nextTurn();
    expect(peer.types()).toEqual(['AGENT-HELLO']);
    peer.connection.checkTimers(begun + 100);
    await nextTurn();
    expect(peer.types()).toEqual(['AGENT-HELLO', 'AGENT-DISCONNECT']);
  });

  it('counts anew for a frame that begins in the bytes that end another', async () => {
    const time = stopTime();
    const { greet } = openAgent((handlers) => handlers.add(ask, () => {}), { partialFrameTimeoutMs: 100 });
    const peer = await greet();
    await peer.send(BEGINNING);
    time.skip(60);
    const begun = Math.trunc(performance.now());
    await peer.send(REST, BEGINNING.subarray(0, 10));
    peer.connection.checkTimers(begun + 99);
    await nextTurn();
    expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK']);
    peer.connection.checkTimers(begun + 100);
    await nextTurn();
    expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});
