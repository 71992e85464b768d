import { expect, it } from 'vitest';
import { studentQuantile } from './interval.ts';

it('gives the quantiles of the tables', () => {
  // Probability, degrees of freedom, quantile.
  const table = [
    [0.975, 7, 2.365],
    [0.995, 7, 3.499],
    [0.995, 30, 2.75],
    [0.9995, 10, 4.587],
    [0.9995, 1e6, 3.291],
  ] as const;
  for (const [p, freedom, expected] of table) {
    expect(studentQuantile(p, freedom) / expected).toBeCloseTo(1, 2);
  }
});
