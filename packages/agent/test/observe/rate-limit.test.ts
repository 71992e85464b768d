import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimit } from '../../src/observe/rate-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('RateLimit', () => {
  it('admits a number of events of a kind in a window, and reports the others at its end', () => {
    const told = vi.fn(() => true);
    const limit = new RateLimit(2, 1_000, told);
    expect([1, 2, 3, 4].map(() => limit.admits('a'))).toEqual([true, true, false, false]);
    expect(limit.admits('b')).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(told.mock.calls).toEqual([['a', 2]]);
    expect(limit.admits('a')).toBe(true);
  });

  it('reports the numbers of those admitted and withheld', () => {
    const told = vi.fn(() => true);
    const limit = new RateLimit(2, 1_000, told);
    limit.admits('a');
    limit.withhold('a');
    limit.endWindow();
    expect(told.mock.calls).toEqual([['a', 1]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reports again, with later events, if a report was not possible', () => {
    let isTold = false;
    const told = vi.fn(() => isTold);
    const limit = new RateLimit(1, 1_000, told);
    limit.admits('a');
    limit.admits('a');
    vi.advanceTimersByTime(1_000);
    expect(limit.admits('a')).toBe(true);
    expect(limit.admits('a')).toBe(false);
    isTold = true;
    vi.advanceTimersByTime(1_000);
    expect(told.mock.calls).toEqual([
      ['a', 1],
      ['a', 2],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
