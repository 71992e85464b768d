import { median, quantile, sampleWithReplacement } from 'simple-statistics';

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
  return median(pairs(slow, fast));
}

export interface Interval {
  ratio: number;
  low: number;
  high: number;
}

const RESAMPLES = 2_000;
const CONFIDENCE = 0.99;

/** The ratio of two lanes whose rounds belong together, with its 99 % interval. */
export function pairedInterval(slow: readonly number[], fast: readonly number[]): Interval {
  const ratios = pairs(slow, fast);
  return interval(median(ratios), () => median(resample(ratios)));
}

/** The ratio of two lanes of different runs, with its 99 % interval. */
export function unpairedInterval(slow: readonly number[], fast: readonly number[]): Interval {
  const [a, b] = [[...slow], [...fast]];
  return interval(median(a) / median(b), () => median(resample(a)) / median(resample(b)));
}

function pairs(slow: readonly number[], fast: readonly number[]): number[] {
  const length = Math.min(slow.length, fast.length);
  return Array.from({ length }, (_, round) => slow[round]! / fast[round]!);
}

/** Percentile bootstrap: what the ratio would have been, had other samples of the same kind been drawn. */
function interval(ratio: number, draw: () => number): Interval {
  const drawn = Array.from({ length: RESAMPLES }, draw);
  const tail = (1 - CONFIDENCE) / 2;
  return { ratio, low: quantile(drawn, tail), high: quantile(drawn, 1 - tail) };
}

/** A fixed sequence of random numbers, so that the same samples always give the same interval. */
let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
}

function resample(values: number[]): number[] {
  return sampleWithReplacement(values, values.length, random);
}
