import type { Allocations } from '@spop/builder/allocations';

/** What a proof found; bytes are those of one round of `operations`. */
export interface Findings {
  operations: number;
  /** How many rounds in a row had to read the same. */
  rounds: number;
  expected: number;
  measured: number;
  /** Change of the memory outside the heap over all rounds. */
  outside: number;
  /** What each planted allocation added to a round. */
  controls: Allocations['controls'];
}

export interface ModeSettings {
  flags: readonly string[];
  warmUpMs: number;
  /** Rounds in a row that have to read the expected figure. */
  rounds: number;
}

/**
 * With the optimising compilers, which is what runs in production; and without them, where escape analysis leaves no
 * object out, so that what the code asks for is what is counted.
 */
export const modes = {
  optimised: { flags: [], warmUpMs: 2_000, rounds: 15 },
  unoptimised: {
    flags: ['--no-opt', '--no-maglev'],
    warmUpMs: 300,
    rounds: 5,
  },
} as const satisfies Record<string, ModeSettings>;

export type Mode = keyof typeof modes;
