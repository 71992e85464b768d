import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';

describe('Histogram › record', () => {
  it.each<[string, readonly number[], readonly number[], readonly number[], number]>([
    ['of one bound', [1], [0.5, 1, 1.5], [2], 3],
    ['of three bounds, two of them negative', [-2, -1, 4], [-3, -2, -1.5, 0, 4, 5], [2, 3, 5], 2.5],
    ['of no bounds', [], [7, 8], [], 15],
  ])('adds to the count, the sum and the buckets %s', (_, bounds, values, counts, sum) => {
    const histogram = new Histogram(bounds);
    for (const value of values) histogram.record(value);
    expect(histogram.buckets).toEqual(bounds.map((upTo, i) => ({ upTo, count: counts[i] })));
    expect([histogram.count, histogram.sum]).toEqual([values.length, sum]);
  });

  it('counts NaN above all bounds', () => {
    const histogram = new Histogram([1, 2]);
    histogram.record(Number.NaN);
    expect([histogram.buckets.map(({ count }) => count), histogram.count]).toEqual([[0, 0], 1]);
  });
});

describe('Histogram', () => {
  it.each([[[1, 2, 2]], [[3, 2, 4]], [[1, 3, 2]], [new Set([1, 2])], [{ length: 0 }]])(
    'refuses the bounds %o',
    (bounds) => {
      const error = thrownBy(() => Reflect.construct(Histogram, [bounds]));
      expect(error.message).toMatch(/^expected the bounds of a histogram to be rising/);
    },
  );
});
