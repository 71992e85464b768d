import { describe, expect, it } from 'vitest';
import { randomFrom } from '../harness/random.ts';
import { studentQuantile } from './interval.ts';
import { type Outcome, type Sample, type Verdict, judge, takeSamples } from './verdict.ts';

it.each([
  // Probability, degrees of freedom, and the quantile in tables.
  [0.975, 7, 2.365],
  [0.995, 7, 3.499],
  [0.995, 30, 2.75],
  [0.9995, 10, 4.587],
  [0.9995, 1e6, 3.291],
])('has the quantile of Student’s t for %f and %i degrees of freedom', (p, freedom, expected) => {
  expect(Math.abs(studentQuantile(p, freedom) / expected - 1)).toBeLessThan(0.01);
});

/** Twelve samples around a difference and a control, `spread` to each side. */
function samples(difference: number, control: number, spread: number): Sample[] {
  return Array.from({ length: 12 }, (_, index) => {
    const deviation = ((index - 5.5) / 5.5) * spread;
    return { difference: difference + deviation, control: control + deviation };
  });
}

describe('a verdict', () => {
  it('is a difference only beyond 1 %', () => {
    const verdicts = [0.008, 0.02, -0.02].map((difference) => judge(samples(difference, 0, 0.001), 1).verdict);
    expect(verdicts).toEqual(['same', 'slower', 'faster']);
  });

  it('is open if a difference of 5 % could be hidden', () => {
    expect(judge(samples(0, 0, 0.02), 1).verdict).toBe('same');
    expect(judge(samples(0, 0, 0.06), 1).verdict).toBe('undecided');
    expect(judge(samples(0.04, 0, 0.02), 1).verdict).toBe('slower');
    expect(judge(samples(0.03, 0, 0.04), 1).verdict).toBe('undecided');
  });

  it('is wider the more cases there are', () => {
    const [one, many] = [1, 40].map((cases) => judge(samples(0, 0, 0.02), cases).time.high);
    expect(many).toBeGreaterThan(1.5 * one!);
  });

  it('is open if the same code differs from itself', () => {
    const { isBroken, verdict } = judge(samples(0.1, 0.05, 0.01), 1);
    expect({ isBroken, verdict }).toEqual({ isBroken: true, verdict: 'undecided' });
  });
});

/** Random numbers from 0 to below 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  // Far apart, since neighbouring seeds begin with nearly the same number.
  const random = randomFrom(1 + seed * 1_000_003);
  return () => random(2 ** 30) / 2 ** 30;
}

/** The logarithm of one process's time: its distance from the usual for the same code. */
type Process = (random: () => number) => number;

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const usual: Process = (random) => 0.04 * normal(random);
const wild: Process = (random) => 0.5 * normal(random);

const SECOND = 1_000;
const RUNS = 200;

/** A comparison as `bench:compare` does it, with 4 seconds a sample. */
function simulate(process: Process, slowdown: number, seed: number, budget = 600 * SECOND): Promise<Outcome> {
  const random = randomNumbers(seed);
  let clock = 0;
  const take = async () => {
    clock += 4 * SECOND;
    const [b1, b2, h1, h2] = Array.from({ length: 4 }, () => process(random)) as [number, number, number, number];
    return { difference: (h1 + h2 - b1 - b2) / 2 + Math.log(slowdown), control: (b2 - b1 + h2 - h1) / 2 };
  };
  return takeSamples({ cases: 4, budget }, take, () => clock);
}

/** How often each verdict comes, and how often the control was broken. */
async function tally(process: Process, slowdown: number, runs: number): Promise<Record<Verdict | 'broken', number>> {
  const counts = { slower: 0, faster: 0, same: 0, undecided: 0, broken: 0 };
  for (let seed = 0; seed < runs; seed++) {
    const { verdict, isBroken } = await simulate(process, slowdown, seed);
    counts[verdict]++;
    if (isBroken) counts.broken++;
  }
  return counts;
}

describe('a comparison of simulated processes', () => {
  describe.each<[string, Process]>([
    ['normal, 4 %', usual],
    // Student's t with two degrees of freedom: some processes are far out.
    ['heavy tails', (random) => (0.03 * normal(random)) / Math.sqrt(-Math.log(1 - random()))],
    // A fifth of the processes never gets well compiled.
    ['two kinds of processes', (random) => (random() < 0.2 ? 0.3 : 0) + 0.02 * normal(random)],
    ['two kinds, equally often', (random) => (random() < 0.5 ? 0.1 : 0) + 0.02 * normal(random)],
  ])('%s', (_, process) => {
    it('finds nothing between equal code', async () => {
      const { slower, faster, broken } = await tally(process, 1, RUNS);
      // 0.25 % of the intervals may leave out the truth, half an interval of these.
      expect(slower + faster).toBeLessThanOrEqual(1);
      expect(broken).toBeLessThanOrEqual(1);
    });

    it('finds a slowdown of 10 %', async () => {
      const { slower, undecided } = await tally(process, 1.1, RUNS);
      expect(slower + undecided).toBe(RUNS);
      expect(slower).toBeGreaterThanOrEqual(0.9 * RUNS);
    });
  });

  it('says that equal code is the same, mostly', async () => {
    expect((await tally(usual, 1, RUNS)).same).toBeGreaterThanOrEqual(0.9 * RUNS);
  });

  it('sees what is faster as well', async () => {
    expect((await tally(usual, 1 / 1.1, 20)).faster).toBe(20);
  });

  it('never calls a slowdown of 10 % the same if the spread is too large to find it', async () => {
    const { slower, undecided } = await tally(wild, 1.1, 20);
    expect(slower + undecided).toBe(20);
    expect(undecided).toBeGreaterThanOrEqual(15);
  });

  it('is undecided if the budget allows too few samples', async () => {
    const { verdict, samples: taken, time } = await simulate(usual, 1, 1, 20 * SECOND);
    expect([verdict, taken.length, time.low]).toEqual(['undecided', 5, -Infinity]);
  });

  it('does not exceed its budget', async () => {
    const { samples: taken, verdict } = await simulate(wild, 1, 1);
    expect([verdict, taken.length]).toEqual(['undecided', 150]);
  });
});
