import * as fc from 'fast-check';
import { vi } from 'vitest';

/*
 * FUZZ_RUNS multiplies the number of runs of every property; FUZZ_SEED and FUZZ_PATH repeat one failure. A failure
 * prints both, and the smallest input that fast-check found.
 */

const scale = numberFromEnv('FUZZ_RUNS') ?? 1;
const seed = numberFromEnv('FUZZ_SEED');
const path = process.env['FUZZ_PATH'];

/** Longest that one property runs, in milliseconds, whatever its number of runs: but for the first of them. */
const TIME_LIMIT_MS = 2_000;
/** The least number of runs of each property on a slow machine, or all if it has fewer. */
const MIN_RUNS = 20;

// Shrinking a failure takes longer than passing; the time limit above is what bounds a run that holds.
vi.setConfig({ testTimeout: 60_000 * Math.max(1, scale) });

function numberFromEnv(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error(`expected a number in ${name}; found ${text}`);
  return value;
}

function parameters<Ts>(runs: number, timeLimitMs: number): fc.Parameters<Ts> {
  return {
    numRuns: Math.max(1, Math.round(runs * scale)),
    interruptAfterTimeLimit: timeLimitMs * Math.max(1, scale),
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  };
}

/** The same without a time limit, if that ended it too soon to be conclusive; undefined otherwise. */
function minimum<Ts>(details: fc.RunDetails<Ts>, asked: fc.Parameters<Ts>): fc.Parameters<Ts> | undefined {
  const numRuns = Math.min(MIN_RUNS, asked.numRuns ?? MIN_RUNS);
  const isTooFew = details.interrupted && details.counterexample === null && details.numRuns < numRuns;
  // A path leads to one input, which is one run.
  if (!isTooFew || asked.path !== undefined) return undefined;
  return { numRuns, seed: details.seed };
}

function report<Ts>(details: fc.RunDetails<Ts>): void {
  // Stopped by the time limit: what was run held, and that is what a slow machine gets.
  if (!details.failed || (details.interrupted && details.counterexample === null)) return;
  const again = `FUZZ_SEED=${details.seed} FUZZ_PATH=${details.counterexamplePath ?? ''}`;
  throw new Error(
    `${fc.defaultReportMessage(details) ?? 'failed'}\n\nTo repeat it: ${again} pnpm exec vitest run <this file>`,
    {
      cause: details.errorInstance,
    },
  );
}

/** Fails with a seed and the smallest input for which the property does not hold. */
export function check<Ts>(property: fc.IProperty<Ts>, runs: number, timeLimitMs: number = TIME_LIMIT_MS): void {
  const asked = parameters<Ts>(runs, timeLimitMs);
  const details = fc.check(property, asked);
  const again = minimum(details, asked);
  report(again === undefined ? details : fc.check(property, again));
}

/** {@link check} for a property that settles later. */
export async function checkAsync<Ts>(
  property: fc.IAsyncProperty<Ts>,
  runs: number,
  timeLimitMs: number = TIME_LIMIT_MS,
): Promise<void> {
  const asked = parameters<Ts>(runs, timeLimitMs);
  const details = await fc.check(property, asked);
  const again = minimum(details, asked);
  report(again === undefined ? details : await fc.check(property, again));
}
