import { describe, expect, it } from 'vitest';
import { type Outcome, takeSamples } from './plan.ts';
import type { Verdict } from './verdict.ts';

/** Random numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The logarithm of one process's time: its distance from the usual for the same code. */
type Process = (random: () => number) => number;

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const spreads: Record<string, Process> = {
  'normal, 4 %': (random) => 0.04 * normal(random),
  // Student's t with two degrees of freedom: some processes are far out.
  'heavy tails': (random) => (0.03 * normal(random)) / Math.sqrt(-Math.log(1 - random())),
  // A fifth of the processes never gets well compiled.
  'two kinds of processes': (random) => (random() < 0.2 ? 0.3 : 0) + 0.02 * normal(random),
  'two kinds, equally often': (random) => (random() < 0.5 ? 0.1 : 0) + 0.02 * normal(random),
};

const SECOND = 1_000;
const BUDGET = 600 * SECOND;
const RUNS = 200;

/** A comparison as `bench:compare` does it, with 4 seconds a sample. */
function simulate(process: Process, slowdown: number, seed: number, budget = BUDGET): Promise<Outcome> {
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
  for (const [name, process] of Object.entries(spreads)) {
    it(`finds nothing between equal code: ${name}`, async () => {
      const { slower, faster, broken } = await tally(process, 1, RUNS);
      // 0.25 % of the intervals may leave out the truth, half an interval of these.
      expect(slower + faster).toBeLessThanOrEqual(1);
      expect(broken).toBeLessThanOrEqual(1);
    });

    it(`finds a slowdown of 10 %: ${name}`, async () => {
      const { slower, undecided } = await tally(process, 1.1, RUNS);
      expect(slower + undecided).toBe(RUNS);
      expect(slower).toBeGreaterThanOrEqual(0.9 * RUNS);
    });
  }

  it('says that equal code is the same, mostly', async () => {
    const { same } = await tally(spreads['normal, 4 %']!, 1, RUNS);
    expect(same).toBeGreaterThanOrEqual(0.9 * RUNS);
  });

  it('sees what is faster as well', async () => {
    const { faster } = await tally(spreads['normal, 4 %']!, 1 / 1.1, 20);
    expect(faster).toBe(20);
  });

  it('never calls a slowdown of 10 % the same if the spread is too large to find it', async () => {
    const { slower, undecided } = await tally((random) => 0.5 * normal(random), 1.1, 20);
    expect(slower + undecided).toBe(20);
    expect(undecided).toBeGreaterThanOrEqual(15);
  });

  it('is undecided if the budget allows too few samples', async () => {
    const { verdict, samples, time } = await simulate(spreads['normal, 4 %']!, 1, 1, 20 * SECOND);
    expect({ verdict, taken: samples.length, low: time.low }).toEqual({
      verdict: 'undecided',
      taken: 5,
      low: -Infinity,
    });
  });

  it('does not exceed its budget', async () => {
    const { samples, verdict } = await simulate((random) => 0.5 * normal(random), 1, 1);
    expect({ verdict, taken: samples.length }).toEqual({ verdict: 'undecided', taken: 150 });
  });
});
