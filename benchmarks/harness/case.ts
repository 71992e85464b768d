import type { Operation } from './operation.ts';
import type { Work } from './stopwatch.ts';

/**
 * What is measured in a case, each in a process of its own, in the order of the table:
 *
 * - `spop`: the codec of these packages.
 * - `walk`: the same codec, walked by hand without declared messages.
 * - `naive`: the codec in `naive/`, a first attempt.
 */
export const subjects = ['spop', 'walk', 'naive'] as const;

/** The name of a subject. */
export type Subject = (typeof subjects)[number];

/**
 * What an operation may take without the optimising compilers: bytes, or as much as another operation that does only the
 * part in question.
 */
export type Allowance = { readonly why: string } & ({ readonly bytes: number } | { readonly like: () => Operation });

/** One benchmark, and one or two allocation proofs. */
export interface Case {
  /** Unique; what `--filter` looks into. */
  readonly name: string;
  /** One line that says what an operation is. */
  readonly what: string;
  /** Prepares a subject's state, outside of the measurement, and returns its operation. */
  readonly subjects: Readonly<Partial<Record<Subject, () => Operation>>>;
  /**
   * For a case whose operations need the event loop, which has no other subjects: prepares `spop` and returns an async
   * function that does this number of operations.
   */
  readonly work?: () => Promise<Work>;
  /** Bytes that `spop` may take unoptimised; 0 by default. Optimised it always takes 0. */
  readonly unoptimised?: Allowance;
  /**
   * Whether `spop` ends in an error, which is an object. How much of it the optimising compilers leave out depends on
   * what they inline, so that only the unoptimised figure is fixed.
   */
  readonly throws?: boolean;
}

/** A case whose only subject is `spop`. */
export function spopCase(name: string, what: string, spop: () => Operation, unoptimised?: Allowance): Case {
  return { name, what, subjects: { spop }, ...(unoptimised === undefined ? {} : { unoptimised }) };
}

/** Whether `spop` takes the same bytes of heap in each process. */
export function hasExactBytes({ work, throws }: Case): boolean {
  return work === undefined && throws !== true;
}
