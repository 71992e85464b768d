import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { InFlight } from '../../src/notify/in-flight.ts';
import { type ExchangeBench, openExchange, text } from './exchange-bench.ts';

const NO_LIMIT = { maxInFlight: 1_000, maxInFlightBytes: 1_000_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** An exchange that waits for its handlers, each for so many ms. */
function pending(timeoutMs: number, partTimeouts: readonly number[] = []): ExchangeBench {
  const bench = openExchange();
  for (const each of partTimeouts) bench.addPart(each);
  bench.detach(timeoutMs);
  return bench;
}

describe('InFlight › reachedLimit', () => {
  const { heldBytes } = pending(0).exchange;

  it.each([
    ['none below both', 3, 3 * heldBytes, undefined],
    ['maxInFlight at that number', 2, 3 * heldBytes, 'maxInFlight'],
    ['maxInFlightBytes at that size', 3, 2 * heldBytes, 'maxInFlightBytes'],
    ['maxInFlight when both are reached', 2, 2 * heldBytes, 'maxInFlight'],
  ])('is %s', (_, maxInFlight, maxInFlightBytes, expected) => {
    const inFlight = new InFlight({ maxInFlight, maxInFlightBytes });
    for (let i = 0; i < 2; i++) inFlight.add(pending(0).exchange);
    expect([inFlight.reachedLimit, inFlight.isFull]).toEqual([expected, expected !== undefined]);
  });

  it('is undefined again after an exchange was removed', () => {
    const inFlight = new InFlight({ maxInFlight: 5, maxInFlightBytes: 2 * heldBytes });
    const { exchange } = pending(0);
    inFlight.add(pending(0).exchange);
    inFlight.add(exchange);
    inFlight.remove(exchange);
    inFlight.remove(exchange);
    expect([inFlight.reachedLimit, inFlight.count]).toEqual([undefined, 1]);
    inFlight.noteGrowth(heldBytes - 1);
    expect(inFlight.reachedLimit).toBeUndefined();
    inFlight.noteGrowth(1);
    expect(inFlight.reachedLimit).toBe('maxInFlightBytes');
    inFlight.noteGrowth(-1);
    expect(inFlight.reachedLimit).toBeUndefined();
  });

  it('takes as many bytes away as an exchange has grown to', () => {
    const inFlight = new InFlight({ maxInFlight: 5, maxInFlightBytes: 100_000 });
    for (let i = 0; i < 20; i++) {
      const { exchange, toldBytes } = pending(0);
      inFlight.add(exchange);
      exchange.actions.set(text, 'x'.repeat(20_000));
      inFlight.noteGrowth(toldBytes());
      inFlight.remove(exchange);
    }
    inFlight.noteGrowth(99_999);
    expect(inFlight.isFull).toBe(false);
    inFlight.noteGrowth(1);
    expect(inFlight.isFull).toBe(true);
  });
});

describe('InFlight › deadlines', () => {
  it('expires an exchange, and each of its parts apart', () => {
    const inFlight = new InFlight(NO_LIMIT);
    const [alone, parted] = [pending(20), pending(30, [10, 30])];
    inFlight.add(alone.exchange);
    inFlight.add(parted.exchange);
    vi.advanceTimersByTime(11);
    expect([alone.calls, parted.calls]).toEqual([[], ['part 0 expired']]);
    vi.advanceTimersByTime(10);
    expect([alone.calls, parted.calls]).toEqual([['expired'], ['part 0 expired']]);
    vi.advanceTimersByTime(10);
    expect(parted.calls).toEqual(['part 0 expired', 'part 1 expired']);
  });

  it('never expires a part that was removed, because it was answered', () => {
    const inFlight = new InFlight(NO_LIMIT);
    const { calls, exchange } = pending(20, [10, 20]);
    inFlight.add(exchange);
    inFlight.removePart(exchange.parts[0]!);
    vi.advanceTimersByTime(100);
    expect(calls).toEqual(['part 1 expired']);
  });

  it.each([
    ['its only handler', []],
    ['one of several', [10, 20]],
  ])('never expires an exchange that was removed: the deadline of %s', (_, parts) => {
    const inFlight = new InFlight(NO_LIMIT);
    const { calls, exchange } = pending(10, parts);
    inFlight.add(exchange);
    inFlight.remove(exchange);
    vi.advanceTimersByTime(100);
    expect(calls).toEqual([]);
  });
});

describe('InFlight › awaitRoom', () => {
  /** A full InFlight, and waiters that record that they read on. */
  function full() {
    const inFlight = new InFlight({ ...NO_LIMIT, maxInFlight: 1 });
    const { exchange } = pending(0);
    inFlight.add(exchange);
    const resumed: string[] = [];
    const waiter = (name: string, mayResume: boolean = true) => ({
      mayResume: () => {
        resumed.push(name);
        return mayResume;
      },
    });
    return { exchange, inFlight, resumed, waiter };
  }

  it('lets the first waiter that can read on when an exchange is removed', () => {
    const { exchange, inFlight, resumed, waiter } = full();
    for (const each of [waiter('closed', false), waiter('first'), waiter('second')]) inFlight.awaitRoom(each);
    inFlight.resumeWaiting();
    expect(resumed).toEqual([]);
    inFlight.remove(exchange);
    expect(resumed).toEqual(['closed', 'first']);
    inFlight.resumeWaiting();
    inFlight.resumeWaiting();
    expect(resumed).toEqual(['closed', 'first', 'second']);
  });

  it('forgets a waiter that stopped waiting, as a connection that has closed', () => {
    const { exchange, inFlight, resumed, waiter } = full();
    const closed = waiter('closed');
    inFlight.awaitRoom(closed);
    inFlight.awaitRoom(waiter('open'));
    inFlight.stopWaiting(closed);
    inFlight.remove(exchange);
    expect(resumed).toEqual(['open']);
  });

  it('keeps no waiter while there is room', () => {
    const { resumed, waiter } = full();
    const inFlight = new InFlight(NO_LIMIT);
    inFlight.awaitRoom(waiter('early'));
    inFlight.resumeWaiting();
    expect(resumed).toEqual([]);
  });
});
