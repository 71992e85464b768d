import { vi } from 'vitest';

const scale = Number(process.env['FUZZ_RUNS'] ?? 1);
if (!(scale > 0)) throw new Error(`expected a number above 0 in FUZZ_RUNS; found ${process.env['FUZZ_RUNS']}`);
const seed = process.env['FUZZ_SEED'];
const path = process.env['FUZZ_PATH'];

// Shrinking a failure takes longer than passing.
vi.setConfig({ testTimeout: 120_000 * Math.max(1, scale) });

/**
 * Parameters of `fc.assert` for a property that is tried `count` times. FUZZ_RUNS multiplies the count; FUZZ_SEED and FUZZ_PATH
 * repeat a failure, whose report has both.
 */
export function runs(count: number): { numRuns: number; seed?: number; path?: string } {
  return {
    numRuns: Math.max(1, Math.round(count * scale)),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}
