import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../src/observe/latency-histogram.ts';

function recorded(...durations: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of durations) histogram.record(ms, 1);
  return histogram;
}

/** The least duration of an ordered list that this share of all does not exceed. */
function leastBySorting(durations: readonly number[], share: number): number {
  return durations[Math.max(1, Math.ceil(share * durations.length)) - 1]!;
}

describe('a percentile', () => {
  it.each([
    ['of one duration', [5]],
    ['of two', [1, 1_000]],
    ['of three', [1, 10, 100]],
    ['of four', [1, 2, 4, 8]],
    ['of very different ones', [0.001, 0.02, 0.5, 3, 40, 500, 6_000, 70_000]],
    ['of many that are alike', [...Array.from({ length: 99 }, () => 1), 1_000]],
  ])('is that of the ordered list, at most 3.2 %% more: %s', (_, durations) => {
    const histogram = recorded(...durations);
    for (const share of [0, 0.001, 0.25, 0.333, 0.5, 0.501, 0.667, 0.75, 0.9, 0.99, 0.991, 1]) {
      const least = leastBySorting(durations, share);
      const found = histogram.percentileMs(share);
      expect([share, found >= least, found <= Math.max(least * 1.032, least + 0.001)]).toEqual([share, true, true]);
    }
  });
});

describe('the longest duration', () => {
  it('stays the longest, with any later durations', () => {
    const histogram = recorded(3, 500, 2);
    expect(histogram.maxMs).toBe(500);
    histogram.record(1, 20);
    expect(histogram.maxMs).toBe(500);
    histogram.record(501, 1);
    expect(histogram.maxMs).toBe(501);
  });

  it('is the highest percentile, and no edge of a bucket', () => {
    for (const ms of [0.3, 7.7, 123.4, 9_999]) expect(recorded(1, ms).percentileMs(1)).toBe(Math.max(1, ms));
  });
});

describe('countUpTo', () => {
  it('counts all shorter durations, too', () => {
    const histogram = recorded(0.001, 0.016, 0.017, 1.024, 1.025, 3_000_000);
    expect([0, 4, 5, 10, 11, 24].map((exponent) => histogram.countUpTo(exponent))).toEqual([1, 2, 3, 4, 5, 5]);
    expect(histogram.count).toBe(6);
  });
});
