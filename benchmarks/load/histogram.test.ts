import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.ts';

describe('Histogram', () => {
  it('gives percentiles of 1 to 100,000 µs within 0.8 %', () => {
    const histogram = new Histogram();
    for (let micros = 1; micros <= 100_000; micros++) histogram.record(micros * 1000);
    for (const [share, expected] of [
      [0.5, 50_000],
      [0.99, 99_000],
      [0.999, 99_900],
    ] as const) {
      expect(Math.abs(histogram.percentile(share) / expected - 1)).toBeLessThan(0.008);
    }
  });

  it('keeps single nanoseconds apart below 256 ns', () => {
    for (const nanoseconds of [0, 1, 127, 128, 129, 255]) {
      const histogram = new Histogram();
      histogram.record(nanoseconds);
      expect(histogram.percentile(0.5)).toBe(nanoseconds / 1000);
    }
  });

  it('counts what takes longer than 4.29 s as 4.29 s', () => {
    const histogram = new Histogram();
    histogram.record(60e9);
    expect(histogram.percentile(1) / 4_294_967).toBeCloseTo(1, 2);
  });

  it('adds the counts of another', () => {
    const [a, b] = [new Histogram(), new Histogram()];
    a.record(1000);
    b.record(2000);
    b.record(2000);
    a.add(b.counts);
    expect(a.percentile(0.5)).toBeCloseTo(2, 1);
    a.reset();
    expect(a.counts.some((count) => count > 0)).toBe(false);
  });
});
