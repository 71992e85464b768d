import { assert, constantFrom, integer, property, record, array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gcra } from './gcra.ts';
import { LeakyBucket } from './model.ts';

const RATE = { intervalUs: 10_000, burstUs: 200_000 };
const START = 1_790_000_000_000_000;

/** The number of `count` requests at one moment that are allowed, and the time kept after them. */
function ask(gcra: Gcra, count: number, arrivalUs: number, nowUs: number): { allowed: number; arrivalUs: number } {
  let allowed = 0;
  let kept = arrivalUs;
  for (let i = 0; i < count; i++) {
    gcra.decide(kept, nowUs);
    kept = gcra.arrivalUs;
    if (gcra.isAllowed) allowed++;
  }
  return { allowed, arrivalUs: kept };
}

const rates = record({ intervalUs: integer({ min: 1, max: 5_000 }), factor: integer({ min: 1_000, max: 30_000 }) }).map(
  ({ intervalUs, factor }) => ({ intervalUs, burstUs: Math.floor((intervalUs * factor) / 1_000) }),
);
const pauses = array(constantFrom(0, 0, 0, 1, 10, 500, 1_000, 4_999, 20_000), { maxLength: 200 });

describe('Gcra', () => {
  it('allows exactly 20 at once with 10,000 µs and 200,000 µs, then one each 10 ms', () => {
    const gcra = new Gcra(RATE);
    const first = ask(gcra, 100, 0, START);
    expect(first.allowed).toBe(20);
    expect(gcra).toMatchObject({ isAllowed: false, retryAfterMs: 10, remaining: 0, resetS: 1 });
    expect(ask(gcra, 5, first.arrivalUs, START + 9_999).allowed).toBe(0);
    expect(ask(gcra, 5, first.arrivalUs, START + 10_000).allowed).toBe(1);
    expect(ask(gcra, 100, first.arrivalUs, START + 200_000).allowed).toBe(20);
  });

  it('does not move a client that it refuses, and rounds its wait up', () => {
    const gcra = new Gcra(RATE);
    const { arrivalUs } = ask(gcra, 20, 0, START);
    gcra.decide(arrivalUs, START + 8_999);
    expect(gcra).toMatchObject({ isAllowed: false, arrivalUs, retryAfterMs: 2, timeUs: START + 8_999 });
    gcra.decide(arrivalUs, START + 9_000);
    expect(gcra.retryAfterMs).toBe(1);
  });

  it('counts down the remaining requests, and says when the whole burst is free again', () => {
    const gcra = new Gcra({ intervalUs: 1_000_000, burstUs: 3_500_000 });
    gcra.decide(0, START);
    expect(gcra).toMatchObject({ isAllowed: true, retryAfterMs: 0, remaining: 2, resetS: 1 });
    gcra.decide(gcra.arrivalUs, START);
    gcra.decide(gcra.arrivalUs, START + 1);
    expect(gcra).toMatchObject({ isAllowed: true, remaining: 0, resetS: 3 });
  });

  it('counts a stored time further ahead than the burst as the burst, once', () => {
    const gcra = new Gcra(RATE);
    gcra.decide(START + 3_600_000_000, START);
    expect(gcra).toMatchObject({ isAllowed: false, arrivalUs: START + 200_000, retryAfterMs: 10 });
    gcra.decide(gcra.arrivalUs, START + 10_000);
    expect(gcra.isAllowed).toBe(true);
  });

  it('decides the same as a leaky bucket', () => {
    assert(
      property(rates, pauses, ({ intervalUs, burstUs }, pausesUs) => {
        const gcra = new Gcra({ intervalUs, burstUs });
        const model = new LeakyBucket({ intervalUs, burstUs });
        let now = START;
        let kept = 0;
        for (const pause of pausesUs) {
          now += pause;
          gcra.decide(kept, now);
          kept = gcra.arrivalUs;
          const { isAllowed, remaining, retryAfterMs } = gcra;
          expect({ isAllowed, remaining, retryAfterMs }).toEqual(model.ask(now));
        }
      }),
    );
  });

  it('lets exactly the remaining requests pass, and none before the wait is over', () => {
    const arrivals = integer({ min: -10_000_000, max: 1_000_000_000 });
    assert(
      property(rates, arrivals, (rate, aheadUs) => {
        const gcra = new Gcra(rate);
        gcra.decide(START + aheadUs, START);
        const { isAllowed, arrivalUs, retryAfterMs, remaining, resetS } = gcra;
        expect(arrivalUs - START).toBeLessThanOrEqual(rate.burstUs);
        expect(ask(gcra, remaining + 1, arrivalUs, START).allowed).toBe(remaining);
        expect(retryAfterMs).toBeLessThanOrEqual(Math.ceil((rate.intervalUs + rate.burstUs) / 1_000));
        expect(retryAfterMs > 0).toBe(!isAllowed);
        if (isAllowed) {
          expect(ask(gcra, 1e5, arrivalUs, START + resetS * 1e6).allowed).toBe(
            Math.floor(rate.burstUs / rate.intervalUs),
          );
          return;
        }
        expect(resetS).toBe(Math.ceil(retryAfterMs / 1_000));
        expect(ask(gcra, 1, arrivalUs, START + retryAfterMs * 1_000).allowed).toBe(1);
        // The wait is rounded up: one ms earlier is too early, unless the wait ends within that ms.
        expect(ask(gcra, 1, arrivalUs, START + (retryAfterMs - 1) * 1_000).allowed).toBe(0);
      }),
    );
  });
});
