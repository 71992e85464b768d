import { type Interval, trimmedInterval } from './interval.ts';

/** The result of comparing a case; RULE explains it. */
export type Verdict = 'slower' | 'faster' | 'same' | 'undecided';

/** The probability that all intervals of a run contain the true value. */
const CONFIDENCE = 0.99;
/** A difference is called if the whole interval is beyond 1 %. */
const SMALLEST: number = Math.log(1.01);
/** Equality is called if the whole interval is within 5 %. */
const LARGEST_SAME: number = Math.log(1.05);

/** The meaning of the verdicts, for the reader. */
export const RULE: string =
  'slower, faster: the whole interval lies beyond 1 % in that direction. same: it lies within 5 %, and a difference of ' +
  '5 % would have been found. undecided: neither.';

/**
 * One sample: two processes of each side. Both values are natural logarithms of ratios; if the sides are equal, they have
 * the same spread.
 */
export interface Sample {
  /** How many times as long the head takes, by the mean of both processes of each side. */
  readonly difference: number;
  /** The same between the processes of one side, which differ by chance only. */
  readonly control: number;
}

/** The judgement on the samples of one case. */
export interface Judgement {
  readonly time: Interval;
  readonly control: Interval;
  /** Whether the control shows a difference of equal code, so that the measurement is not reliable. */
  readonly isBroken: boolean;
  readonly verdict: Verdict;
}

/** Judges one of `cases` cases of a run; with fewer than 8 samples it is undecided. */
export function judge(samples: readonly Sample[], cases: number): Judgement {
  // Each interval needs more confidence, so that all hold together (Bonferroni).
  const confidence = 1 - (1 - CONFIDENCE) / cases;
  const interval = (values: number[]): Interval => trimmedInterval(values, confidence, SMALLEST);
  const time = interval(samples.map(({ difference }) => difference));
  const control = interval(samples.map(({ control }) => control));
  const isBroken = called(control) !== undefined;
  return { time, control, isBroken, verdict: isBroken ? 'undecided' : verdictOf(time) };
}

/** Whether a difference of 5 % would be found, so that further samples are not needed. */
function isPrecise({ time }: Judgement): boolean {
  return time.detectable <= LARGEST_SAME;
}

function verdictOf(time: Interval): Verdict {
  const isSame = time.low >= -LARGEST_SAME && time.high <= LARGEST_SAME && time.detectable <= LARGEST_SAME;
  return called(time) ?? (isSame ? 'same' : 'undecided');
}

function called({ low, high }: Interval): 'slower' | 'faster' | undefined {
  if (low > SMALLEST) return 'slower';
  return high < -SMALLEST ? 'faster' : undefined;
}

/** The verdict on a case, and its samples. */
export interface Outcome<S extends Sample = Sample> extends Judgement {
  readonly samples: readonly S[];
}

/** Fewer samples do not show their own spread, on which the end depends. */
const LEAST_SAMPLES = 12;

/**
 * Takes samples of one of `cases` cases until a difference of 5 % would be found, or until `budget` milliseconds are spent.
 * The end depends on the width of the interval and not on its place, so that looking after every sample does not make a
 * false verdict more likely.
 */
export async function takeSamples<S extends Sample>(
  { cases, budget }: { readonly cases: number; readonly budget: number },
  take: () => Promise<S>,
  now: () => number = () => performance.now(),
): Promise<Outcome<S>> {
  const begin = now();
  const samples: S[] = [];
  for (;;) {
    samples.push(await take());
    const spent = now() - begin;
    const isOver = spent + spent / samples.length > budget;
    if (samples.length < LEAST_SAMPLES && !isOver) continue;
    const judgement = judge(samples, cases);
    if (isPrecise(judgement) || isOver) return { ...judgement, samples };
  }
}
