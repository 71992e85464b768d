import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Entry } from '../codec/catalogue.ts';
import { type Variant, countBytes } from '../codec/lane.ts';
import { hasExactBytes } from '../harness/case.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type Packages, copyPackages } from './packages.ts';
import { type Timed, takeSample } from './sample.ts';
import { type Outcome, takeSamples } from './verdict.ts';

/** One case of each kind: compared by default, and used to prove the comparison itself. */
export const representative = 'decode realistic,access realistic,ack two set-vars,tiny through a socket';

/** The result of comparing one case. */
export interface Comparison extends Outcome {
  readonly name: string;
  readonly samples: readonly Timed[];
  /** Bytes of heap per operation of base and head, if they are the same in each process. */
  readonly bytes?: readonly [base: number, head: number];
  readonly seconds: number;
}

/** The settings of a comparison. */
export interface CompareOptions {
  /** The number of cases in this run. */
  readonly cases: number;
  /** The most that one case may take. */
  readonly minutes: number;
  /** The part of an operation by which the head is slowed down; 0 for not at all. */
  readonly planted: number;
}

/** Both sides of a comparison. */
export interface Sides {
  readonly base: Variant;
  readonly head: Variant;
}

/** Copies the packages of two commits, or of the working tree for a missing one. The copies last as long as this process. */
export function copySides(baseRevision?: string, headRevision?: string): Sides {
  process.once('SIGINT', () => process.exit(130));
  const variant = ({ label, root }: Packages): Variant => ({ label, flags: plainJsFlags(root) });
  const head = copyPackages(headRevision);
  return { base: variant(copyPackages(baseRevision, head)), head: variant(head) };
}

const core = lastCore();

/** Compares one case. Bytes are not counted with a planted slowdown, since both sides then have the same code. */
export async function compareCase(entry: Entry, { base, head }: Sides, options: CompareOptions): Promise<Comparison> {
  const begin = performance.now();
  const { cases, minutes, planted } = options;
  const { name } = entry.definition;
  const samples: Timed[] = [];
  const outcome = await takeSamples({ cases, budget: minutes * 60_000 }, async () => {
    const sample = await takeSample(entry, { base, head, core, planted });
    samples.push(sample);
    return sample;
  });
  const compared = { ...outcome, name, samples, seconds: (performance.now() - begin) / 1_000 };
  if (!hasExactBytes(entry.definition) || planted > 0) return compared;
  return { ...compared, bytes: [await countBytes(base, entry, 'spop'), await countBytes(head, entry, 'spop')] };
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
