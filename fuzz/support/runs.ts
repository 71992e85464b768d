import type * as fc from 'fast-check';
import { vi } from 'vitest';

const scale = Number(process.env['FUZZ_RUNS'] ?? 1);
if (!(scale > 0)) throw new Error(`expected a number above 0 in FUZZ_RUNS; found ${process.env['FUZZ_RUNS']}`);
const seed = process.env['FUZZ_SEED'];
const path = process.env['FUZZ_PATH'];

const limitMs = 100_000 * Math.max(1, scale);
vi.setConfig({ testTimeout: 1.2 * limitMs });

/**
 * Parameters of `fc.assert` for a property that is tried `count` times. FUZZ_RUNS multiplies the count; FUZZ_SEED and FUZZ_PATH
 * repeat a failure, whose report has both. A failure is made smaller until the time is over, and is then reported as it is.
 */
export function runs(count: number): fc.Parameters<unknown> {
  return {
    numRuns: Math.max(1, Math.round(count * scale)),
    interruptAfterTimeLimit: limitMs,
    markInterruptAsFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}
