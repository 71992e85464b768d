import { mean, median } from 'simple-statistics';
import { normalQuantile, studentQuantile } from './student.ts';

/** What samples of a log ratio say; all in natural logarithms. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  /** The smallest difference that would have been called in nine of ten runs as noisy as this one. */
  readonly detectable: number;
}

/** The probability that a difference of the size `detectable` is called. */
const POWER = 0.9;

/** A fifth of the samples at each end is not averaged: a few processes in a hundred never compile well. */
const TRIMMED = 0.2;

/**
 * The interval of the trimmed mean with Student's t and the winsorized variance (Yuen). `confidence` is that of this one
 * interval; of fewer than 8 samples it is endless. `smallest` is what a difference has to exceed to be called one.
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
  const squares = winsorized.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const error = Math.sqrt(squares / (kept.length * (kept.length - 1)));
  const t = studentQuantile((1 + confidence) / 2, kept.length - 1);
  const half = t * error;
  const detectable = smallest + half + normalQuantile(POWER) * error;
  return { estimate, low: estimate - half, high: estimate + half, detectable };
}

/** The confidence that each of `cases` intervals needs so that all hold together with `together` (Bonferroni). */
export function eachConfidence(together: number, cases: number): number {
  return 1 - (1 - together) / cases;
}
