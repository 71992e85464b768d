import type { Allocations } from '@spop/builder/allocations';

/** The result of a proof; bytes are those of one round of `operations`. */
export interface Findings {
  operations: number;
  /** The number of rounds in a row that had to read the same. */
  rounds: number;
  expected: number;
  measured: number;
  /** Change of the memory outside the heap over all rounds. */
  outside: number;
  /** What each planted allocation added to a round. */
  controls: Allocations['controls'];
}

/** How V8 runs a proof. */
export interface ModeSettings {
  flags: readonly string[];
  warmUpMs: number;
  /** Rounds in a row that have to read the expected figure. */
  rounds: number;
}

/**
 * `optimised` has the optimising compilers, as in production. `unoptimised` has none, and so no escape analysis that leaves
 * objects out: each allocation of the code is counted.
 */
export const modes = {
  optimised: { flags: [], warmUpMs: 2_000, rounds: 15 },
  unoptimised: { flags: ['--no-opt', '--no-maglev'], warmUpMs: 300, rounds: 5 },
} as const satisfies Record<string, ModeSettings>;

/** The name of a mode. */
export type Mode = keyof typeof modes;
