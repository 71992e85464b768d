import { median, quantile } from 'simple-statistics';

/** What a lane's samples come to, in nanoseconds per operation. */
export interface Summary {
  median: number;
  /** Half of the samples lie between these two. */
  quartiles: [lower: number, upper: number];
}

export function summarize(samples: readonly number[]): Summary {
  const values = [...samples];
  return { median: median(values), quartiles: [quantile(values, 0.25), quantile(values, 0.75)] };
}

/**
 * How many times longer `slow` takes than `fast`: the median over the rounds, each of which compares two samples that
 * were taken one right after the other, so that what slows the machine down for a while slows down both.
 */
export function pairedRatio(slow: readonly number[], fast: readonly number[]): number {
  const length = Math.min(slow.length, fast.length);
  return median(Array.from({ length }, (_, round) => slow[round]! / fast[round]!));
}
