import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Entry } from '../codec/catalogue.ts';
import type { Variant } from '../codec/lane.ts';
import { countBytes } from '../codec/measure.ts';
import { hasExactBytes } from '../harness/case.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type Packages, copyPackages } from './packages.ts';
import { type Outcome, takeSamples } from './plan.ts';
import { type Timed, takeSample } from './sample.ts';

/** One case of each kind: compared by default, and used to prove the comparison itself. */
export const representative: readonly string[] = [
  'decode realistic',
  'access realistic',
  'ack two set-vars',
  'tiny through a socket',
];

/** The result of comparing one case. */
export interface Comparison extends Outcome {
  readonly name: string;
  readonly samples: readonly Timed[];
  /** Bytes of heap per operation of base and head, if they are the same in each process. */
  readonly bytes?: readonly [base: number, head: number];
  readonly seconds: number;
}

/** How one case is compared. */
export interface CompareOptions {
  /** The most that one case may take. */
  readonly minutes: number;
  /** The part of an operation by which the head is slowed down; 0 for not at all. */
  readonly planted: number;
  /** How many cases are compared in this run. */
  readonly cases: number;
}

/** Both sides of a comparison. */
export interface Sides {
  readonly base: Variant;
  readonly head: Variant;
}

/** The last core that this process may run on, as `taskset` counts them: the first has most of the interrupts. */
function lastCore(): number {
  try {
    const last = /^Cpus_allowed_list:.*?(\d+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (last !== undefined) return Number(last);
  } catch {
    // No Linux, and no taskset either.
  }
  return os.availableParallelism() - 1;
}

const core = lastCore();

/** Copies the packages of two commits, or of the working tree for a missing one; calls `work`, and removes the copies. */
export async function withSides<Result>(
  repository: string,
  revisions: { base: string | undefined; head: string | undefined },
  work: (sides: Sides) => Promise<Result>,
): Promise<Result> {
  const copies: Packages[] = [];
  const removeAll = (): void => {
    for (const copy of copies.splice(0)) copy.remove();
  };
  process.once('SIGINT', () => {
    removeAll();
    process.exit(130);
  });
  try {
    const copy = (revision: string | undefined, builder?: Packages): Packages => {
      const made = copyPackages(repository, revision, builder);
      copies.push(made);
      return made;
    };
    const variant = ({ label, root }: Packages): Variant => ({ label, flags: plainJsFlags(root) });
    const head = copy(revisions.head);
    const base = copy(revisions.base, head);
    return await work({ base: variant(base), head: variant(head) });
  } finally {
    removeAll();
  }
}

/** Compares one case. Bytes are not counted with a planted slowdown, since both sides then have the same code. */
export async function compareCase(entry: Entry, { base, head }: Sides, options: CompareOptions): Promise<Comparison> {
  const begin = performance.now();
  const { name } = entry.definition;
  const samples: Timed[] = [];
  const take = async (): Promise<Timed> => {
    const sample = await takeSample(entry, { base, head, core, planted: options.planted });
    samples.push(sample);
    return sample;
  };
  const outcome = await takeSamples({ cases: options.cases, budget: options.minutes * 60_000 }, take);
  const seconds = (performance.now() - begin) / 1_000;
  if (!hasExactBytes(entry.definition) || options.planted > 0) return { ...outcome, name, samples, seconds };
  const bytes = [await countBytes(base, entry, 'spop'), await countBytes(head, entry, 'spop')] as const;
  return { ...outcome, name, samples, bytes, seconds };
}
