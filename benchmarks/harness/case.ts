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

/** How often the unoptimised code has to box a double in an operation, and why that is so. */
export interface Boxed {
  /** Bytes per operation: 16 for each box. */
  readonly bytes: number;
  readonly why: string;
}

export interface Case {
  /** Unique; what `--filter` looks into. */
  readonly name: string;
  /** One line on what an operation is. */
  readonly what: string;
  /** Bytes that go in or come out per operation, where that says something. */
  readonly frameBytes?: number;
  /** Prepares a subject's state, outside of the measurement, and gives its operation. */
  readonly subjects: Readonly<Partial<Record<Subject, () => Operation>>>;
  /**
   * Where `spop` ends in an error: throwing that same error with nothing before it. All that the case may allocate is
   * what this allocates; anywhere else it is nothing.
   */
  readonly throws?: () => Operation;
  /** The one exception that the unoptimised mode needs. */
  readonly boxed?: Boxed;
}
