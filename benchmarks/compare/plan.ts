import { type Judgement, type Sample, isPrecise, judge } from './verdict.ts';

/** How long a case is compared. */
export interface Plan {
  /** How many cases are compared in this run. */
  readonly cases: number;
  /** Milliseconds that may be spent on the case. */
  readonly budget: number;
}

/** The verdict on a case, and its samples. */
export interface Outcome extends Judgement {
  readonly samples: readonly Sample[];
}

/** Fewer samples do not show their own spread, on which the end depends. */
const LEAST_SAMPLES = 12;

/**
 * Takes samples until a difference of 5 % would be found, or until the budget is spent. The end depends on the width of
 * the interval and not on its place, so that looking after every sample does not make a false verdict more likely.
 */
export async function takeSamples(
  plan: Plan,
  take: () => Promise<Sample>,
  now: () => number = () => performance.now(),
): Promise<Outcome> {
  const begin = now();
  const samples: Sample[] = [];
  for (;;) {
    samples.push(await take());
    const spent = now() - begin;
    const isOver = spent + spent / samples.length > plan.budget;
    if (samples.length < LEAST_SAMPLES && !isOver) continue;
    const judgement = judge(samples, plan.cases);
    if (isPrecise(judgement) || isOver) return { ...judgement, samples };
  }
}
