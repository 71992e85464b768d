import { readFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Entry, findCases } from '../codec/catalogue.ts';
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

/** How one case is compared. */
export interface CompareOptions {
  /** The most that one case may take. */
  readonly minutes: number;
  /** The part of an operation by which the head is slowed down; 0 for not at all. */
  readonly planted: number;
}

/** Compares cases of two versions of the packages. */
export class Comparing {
  readonly entries: readonly Entry[];
  readonly #base: Variant;
  readonly #head: Variant;
  readonly #core: number = lastCore();

  private constructor(entries: readonly Entry[], base: Variant, head: Variant) {
    this.entries = entries;
    this.#base = base;
    this.#head = head;
  }

  /** Copies the packages of two commits, or of the working tree for a missing one; calls `work`, and removes the copies. */
  static async run<Result>(
    filter: string | undefined,
    revisions: { readonly base?: string | undefined; readonly head?: string | undefined },
    work: (comparing: Comparing) => Promise<Result>,
  ): Promise<Result> {
    const entries = await findCases(filter);
    const repository = fileURLToPath(new URL('../..', import.meta.url));
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
      return await work(new Comparing(entries, variant(base), variant(head)));
    } finally {
      removeAll();
    }
  }

  /** Compares one case. Bytes are not counted with a planted slowdown, since both sides then have the same code. */
  async compare(entry: Entry, { minutes, planted }: CompareOptions): Promise<Comparison> {
    const begin = performance.now();
    const { name } = entry.definition;
    const [base, head] = [this.#base, this.#head];
    const samples: Timed[] = [];
    const outcome = await takeSamples({ cases: this.entries.length, budget: minutes * 60_000 }, async () => {
      const sample = await takeSample(entry, { base, head, core: this.#core, planted });
      samples.push(sample);
      return sample;
    });
    const compared = { ...outcome, name, samples, seconds: (performance.now() - begin) / 1_000 };
    if (!hasExactBytes(entry.definition) || planted > 0) return compared;
    return { ...compared, bytes: [await countBytes(base, entry, 'spop'), await countBytes(head, entry, 'spop')] };
  }
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
