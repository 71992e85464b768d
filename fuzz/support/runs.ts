import * as fc from 'fast-check';
import { vi } from 'vitest';

/*
 * FUZZ_RUNS multiplies the number of runs of every property; FUZZ_SEED and FUZZ_PATH repeat one failure. A failure
 * prints both, and the smallest input that fast-check found.
 */

const scale = numberFromEnv('FUZZ_RUNS') ?? 1;
const seed = numberFromEnv('FUZZ_SEED');
const path = process.env['FUZZ_PATH'];

/** Longest that one property runs, in milliseconds, whatever its number of runs. */
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
export function check<Ts>(property: fc.IProperty<Ts>, runs: number): void {
  report(fc.check(property, parameters<Ts>(runs, TIME_LIMIT_MS)));
}

/** {@link check} for a property that settles later. */
export async function checkAsync<Ts>(
  property: fc.IAsyncProperty<Ts>,
  runs: number,
  timeLimitMs: number = TIME_LIMIT_MS,
): Promise<void> {
  report(await fc.check(property, parameters<Ts>(runs, timeLimitMs)));
}
