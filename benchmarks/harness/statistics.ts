import { median, quantile } from 'simple-statistics';

/** The summary of some samples. */
export interface Summary {
  readonly median: number;
  /** Half of the samples lie between these two. */
  readonly quartiles: readonly [lower: number, upper: number];
}

/** Median and quartiles. */
export function summarize(samples: readonly number[]): Summary {
  const values = [...samples];
  return { median: median(values), quartiles: [quantile(values, 0.25), quantile(values, 0.75)] };
}

/**
 * How many times as long `slow` takes as `fast`: the median of the ratios within each round. The samples of a round were
 * taken right after each other, so that a slow moment of the machine slows down both. NaN without rounds.
 */
export function pairedRatio(slow: readonly number[], fast: readonly number[]): number {
  const length = Math.min(slow.length, fast.length);
  if (length === 0) return Number.NaN;
  return median(Array.from({ length }, (_, round) => slow[round]! / fast[round]!));
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
