import os from 'node:os';
import type { Allocations } from '@spop/builder/allocations';
import { exactHeapFlags } from '../harness/heap.ts';
import { resultOf } from '../harness/script.ts';

/** The result of a proof; bytes are those of one round of `operations`. */
export interface Findings {
  readonly operations: number;
  /** The number of rounds in a row that had to read the same. */
  readonly rounds: number;
  readonly expected: number;
  readonly measured: number;
  /** The change of the memory outside the heap over all rounds. */
  readonly outside: number;
  /** The bytes that each planted allocation added to a round. */
  readonly controls: Allocations['controls'];
}

/**
 * How V8 runs a proof, and how many rounds in a row have to read the expected figure. `optimised` has the optimising
 * compilers, as in production. `unoptimised` has none, and so no escape analysis that leaves objects out: each allocation of
 * the code is counted.
 */
export const modes = {
  optimised: { flags: [], warmUpMs: 2_000, rounds: 15 },
  unoptimised: { flags: ['--no-opt', '--no-maglev'], warmUpMs: 300, rounds: 5 },
} as const satisfies Record<string, { flags: readonly string[]; warmUpMs: number; rounds: number }>;

/** The name of a mode. */
export type Mode = keyof typeof modes;

/** A statement, and the index of the line of a source file after which it is put. */
export interface Insertion {
  readonly file: string;
  readonly line: number;
  readonly statement: string;
}

/** Proves a case in a process of its own, with statements inserted into the codec. */
export async function prove(
  file: string,
  name: string,
  mode: Mode,
  insertions: readonly Insertion[] = [],
): Promise<Findings> {
  return (await runWith(insertions, 'prove.ts', mode, file, name)) as Findings;
}

/** Runs a script of this folder, and returns what it prints. */
export function runWith(
  insertions: readonly Insertion[],
  script: string,
  mode: Mode,
  ...args: readonly string[]
): Promise<unknown> {
  const flags = [...exactHeapFlags, ...modes[mode].flags, '--conditions=@spop/source'];
  if (insertions.length > 0) flags.push(`--import=${new URL('plant-hook.ts', import.meta.url).href}`);
  const env = { SPOP_PLANT: JSON.stringify(insertions) };
  return resultOf(new URL(script, import.meta.url), flags, [mode, ...args], env);
}

/** Does the work for every item, two at a time if there are two cores. */
export async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(2, os.availableParallelism()) }, worker));
}
