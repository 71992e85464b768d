import type { Entry } from '../codec/catalogue.ts';
import { type Variant, countBytes } from '../codec/lane.ts';
import { hasExactBytes } from '../harness/case.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type Packages, copyPackages } from './packages.ts';
import { type Sides, type Timed, takeSample } from './sample.ts';
import { type Outcome, takeSamples } from './verdict.ts';

/** One case of each kind: compared by default, and used to prove the comparison itself. */
export const representative = 'decode realistic,access realistic,ack two set-vars,tiny through a socket';

/** The result of comparing one case. */
export interface Comparison extends Outcome<Timed> {
  readonly name: string;
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

/** Copies the packages of two commits, or of the working tree for a missing one. The copies last as long as this process. */
export function copySides(baseRevision?: string, headRevision?: string): Sides {
  process.once('SIGINT', () => process.exit(130));
  const variant = ({ label, root }: Packages): Variant => ({ label, flags: plainJsFlags(root) });
  const head = copyPackages(headRevision);
  return { base: variant(copyPackages(baseRevision, head)), head: variant(head) };
}

/** Compares one case. Bytes are not counted with a planted slowdown, since both sides then have the same code. */
export async function compareCase(entry: Entry, sides: Sides, options: CompareOptions): Promise<Comparison> {
  const begin = performance.now();
  const { cases, minutes, planted } = options;
  const { name } = entry.definition;
  const budget = minutes * 60_000;
  const outcome = await takeSamples({ cases, budget }, () => takeSample(entry, sides, planted));
  const compared = { ...outcome, name, seconds: (performance.now() - begin) / 1_000 };
  if (!hasExactBytes(entry.definition) || planted > 0) return compared;
  const bytes = [await countBytes(sides.base, entry, 'spop'), await countBytes(sides.head, entry, 'spop')] as const;
  return { ...compared, bytes };
}
