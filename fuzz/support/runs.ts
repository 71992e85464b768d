/**
 * How properties are run. FUZZ_RUNS multiplies the number of runs of each; FUZZ_SEED and FUZZ_PATH repeat one failure,
 * which prints both and the smallest input that fast-check found.
 */
import * as fc from 'fast-check';
import { vi } from 'vitest';

const scale = numberFromEnv('FUZZ_RUNS') ?? 1;
const seed = numberFromEnv('FUZZ_SEED');
const path = process.env['FUZZ_PATH'];

/** A property that has run for so long is not run again. */
const TIME_LIMIT_MS = 2_000;

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

/** Fails with a seed and the smallest input for which the property does not hold, or where there was no time for one run. */
export function check<Ts>(property: fc.IProperty<Ts>, runs: number, timeLimitMs: number = TIME_LIMIT_MS): void {
  fc.assert(property, parameters<Ts>(runs, timeLimitMs));
}

/** {@link check} for a property that settles later. */
export async function checkAsync<Ts>(
  property: fc.IAsyncProperty<Ts>,
  runs: number,
  timeLimitMs: number = TIME_LIMIT_MS,
): Promise<void> {
  await fc.assert(property, parameters<Ts>(runs, timeLimitMs));
}
