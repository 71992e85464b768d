import type { Operation } from './operation.ts';

/**
 * What is measured in a case, each in a process of its own:
 *
 * - `spop`: the codec of these packages.
 * - `walk`: the same codec, walked by hand without declarations.
 * - `naive`: the codec in `naive/`, what one would write first.
 * - `floor`: every byte of the input read and added up once; for writing, every byte of the output written once.
 */
export type Subject = 'spop' | 'walk' | 'naive' | 'floor';

export const subjects: readonly Subject[] = ['spop', 'walk', 'naive', 'floor'];

/**
 * What an operation may take without the optimising compilers: bytes, or as much as another operation takes that does
 * nothing but the part in question.
 */
export type Allowance = { readonly why: string } & ({ readonly bytes: number } | { readonly like: () => Operation });

export interface Case {
  /** Unique; what `--filter` looks into. */
  readonly name: string;
  /** One line on what an operation is. */
  readonly what: string;
  /** Bytes read or written per operation, if the number is useful. */
  readonly frameBytes?: number;
  /** Prepares a subject's state, outside of the measurement, and gives its operation. */
  readonly subjects: Readonly<Partial<Record<Subject, () => Operation>>>;
  /** Bytes that `spop` may take unoptimised; 0 by default. Optimised it always takes 0. */
  readonly unoptimised?: Allowance;
  /**
   * Whether `spop` ends in an error, which is an object. How much of it the optimising compilers leave out depends on
   * what they inline, so that only the unoptimised figure is fixed.
   */
  readonly throws?: boolean;
}

/** A case whose operations need the event loop, such as what goes through a socket. Its only subject is `spop`. */
export interface AsyncCase {
  /** Unique among all cases. */
  readonly name: string;
  /** One line on what an operation is. */
  readonly what: string;
  /** Prepares the state, outside the measurement, and returns an async function that does this number of operations. */
  readonly prepare: () => Promise<(count: number) => Promise<void>>;
}
