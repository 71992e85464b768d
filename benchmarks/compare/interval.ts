import { mean, median, probit, sum } from 'simple-statistics';

/** An estimate of a ratio from samples; all values are natural logarithms. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** The smallest difference that would have been called in nine of ten runs as noisy as this one. */
  readonly detectable: number;
}

/** The probability that a difference of the size `detectable` is called. */
const POWER = 0.9;

/** A fifth of the samples at each end is left out: a few processes in a hundred never compile well. */
const TRIMMED = 0.2;

/**
 * The interval of the trimmed mean with Student's t and the winsorized variance (Yuen). `confidence` is that of this one
 * interval, which is endless for fewer than 8 samples. A difference has to exceed `smallest` to be called one.
 */
export function trimmedInterval(samples: readonly number[], confidence: number, smallest: number): Interval {
  if (samples.length < 8) {
    return { estimate: median([...samples]), low: -Infinity, high: Infinity, detectable: Infinity };
  }
  const sorted = samples.toSorted((a, b) => a - b);
  const cut = Math.floor(TRIMMED * sorted.length);
  const kept = sorted.slice(cut, sorted.length - cut);
  const estimate = mean(kept);
  const winsorized = sorted.map((value) => Math.min(Math.max(value, kept[0]!), kept.at(-1)!));
  const center = mean(winsorized);
  const squares = sum(winsorized.map((value) => (value - center) ** 2));
  const error = Math.sqrt(squares / (kept.length * (kept.length - 1)));
  const half = studentQuantile((1 + confidence) / 2, kept.length - 1) * error;
  const detectable = smallest + half + probit(POWER) * error;
  return { estimate, low: estimate - half, high: estimate + half, detectable };
}

/**
 * The value that Student's t with `freedom` degrees of freedom, at least 5, stays below with probability `p`: the expansion
 * in 1 / freedom (Abramowitz and Stegun 26.7.5), exact to 1 % there.
 */
export function studentQuantile(p: number, freedom: number): number {
  const z = probit(p);
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return z + sum(terms.map((term, index) => term / freedom ** (index + 1)));
}
