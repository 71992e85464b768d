import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../src/observe/latency-histogram.ts';

function recorded(...durations: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of durations) histogram.record(ms, 1);
  return histogram;
}

describe('LatencyHistogram', () => {
  it('is 0 before the first duration', () => {
    const histogram = new LatencyHistogram();
    expect([histogram.count, histogram.sumMs, histogram.maxMs, histogram.percentileMs(0.99)]).toEqual([0, 0, 0, 0]);
    expect(histogram.countUpTo(24)).toBe(0);
  });

  it('counts a duration the given number of times', () => {
    const histogram = new LatencyHistogram();
    histogram.record(2, 50);
    histogram.record(4, 0);
    expect([histogram.count, histogram.sumMs, histogram.countUpTo(11)]).toEqual([50, 100, 50]);
  });

  it.each([4, 5, 6, 10, 16, 24])('has an edge at 2^%i µs, which belongs to the bucket below it', (exponent) => {
    const edgeMs = 2 ** exponent / 1_000;
    expect(recorded(edgeMs).countUpTo(exponent)).toBe(1);
    expect(recorded(edgeMs + 0.0001).countUpTo(exponent)).toBe(0);
    expect(recorded(edgeMs + 0.0001).countUpTo(exponent + 1)).toBe(1);
  });

  it('is never too low, nor more than 3.2 % too high', () => {
    for (let ms = 0.001; ms < 2_000_000; ms *= 1.37) {
      const histogram = recorded(ms, 2_100_000);
      const found = histogram.percentileMs(0.5);
      // The smallest bucket is 1 µs.
      expect(found).toBeGreaterThanOrEqual(ms * (1 - 1e-9));
      expect(found).toBeLessThanOrEqual(Math.max(ms * 1.032, ms + 0.001));
    }
  });

  it('finds percentiles by rank', () => {
    const histogram = recorded(...Array.from({ length: 1_000 }, (_, i) => i + 1));
    const wanted = [0.5, 0.9, 0.99, 0.999, 1].map((share) => share * 1_000);
    const found = [0.5, 0.9, 0.99, 0.999, 1].map((share) => histogram.percentileMs(share));
    for (const [i, ms] of found.entries()) expect(ms / wanted[i]!).toBeCloseTo(1.016, 1);
    expect(found.at(-1)).toBe(1_000);
  });

  it('has durations below and above all edges in its first and last bucket', () => {
    expect([recorded(0).countUpTo(0), recorded(-1).countUpTo(0)]).toEqual([1, 1]);
    for (const ms of [2_147_483.7, 3_600_000, 1e12]) expect(recorded(ms).percentileMs(1)).toBe(2 ** 31 / 1_000);
  });

  it.each([32, 33, 64, 66, 128, 132])('is exact for %i µs, an edge', (microseconds) => {
    const histogram = recorded(microseconds / 1_000, 1);
    expect(histogram.percentileMs(0.5)).toBe(microseconds / 1_000);
  });

  it.each([0, -1, 0.0001, 3_600_000, 1e12])('takes %f ms', (ms) => {
    const histogram = recorded(ms);
    expect(histogram.count).toBe(1);
    expect(histogram.percentileMs(1)).toBeLessThanOrEqual(Math.max(0, ms));
  });
});
