/**
 * One proof in a process of its own: that 20,000 operations of a case take exactly the stated number of bytes, round
 * after round, and that one planted allocation among them is seen. Prints its findings as one line of JSON.
 */
import { measureAllocations } from '@spop/builder/allocations';
import type { Allowance, Case } from '../harness/case.ts';
import { outsideBytes } from '../harness/heap.ts';
import { type Operation, run } from '../harness/operation.ts';
import { type Findings, type Mode, modes } from './findings.ts';

const OPERATIONS = 20_000;
/**
 * Where bytes are compared with those of another operation, no more than fit one page (256 KiB) of the young generation:
 * what is left over at a page's end is counted as used, and differs from round to round.
 */
const LIKE_OPERATIONS = 200;
/** What a reference holds must not be collected while the memory outside the heap is watched. */
const kept: Operation[] = [];

const [folder, file, name, modeName] = process.argv.slice(2);
const mode = modes[modeName as Mode];
const { cases } = (await import(new URL(`../${folder}/${file}`, import.meta.url).href)) as { cases: readonly Case[] };
const definition = cases.find((each) => each.name === name);
if (definition?.subjects.spop === undefined || mode === undefined) {
  throw new Error(`expected a case '${name}' with a subject spop in ${file} and a mode; found none`);
}

// An error's stack is as long as the stack is deep; without it each error takes the same number of bytes.
Error.stackTraceLimit = 0;
process.stdout.write(`${JSON.stringify(prove(definition, definition.subjects.spop()))}\n`);

function prove(proven: Case, operation: Operation): Findings {
  const allowance = modeName === 'unoptimised' ? proven.unoptimised : undefined;
  const operations = allowance !== undefined && 'like' in allowance ? LIKE_OPERATIONS : OPERATIONS;
  const expected = allowance === undefined ? 0 : allowedBytes(allowance, operations);
  settleOutside(operation);
  const outsideBefore = outsideBytes();
  const { bytes, rounds, controls } = measure(operation, operations, expected);
  const outside = outsideBytes() - outsideBefore;
  return { operations, rounds, expected, measured: bytes, outside, controls };
}

function measure(operation: Operation, calls: number, expectedBytes?: number): ReturnType<typeof measureAllocations> {
  return measureAllocations(operation, { calls, expectedBytes, rounds: mode.rounds, warmUpMs: mode.warmUpMs });
}

function allowedBytes(allowance: Allowance, operations: number): number {
  if ('bytes' in allowance) return allowance.bytes * operations;
  const reference = allowance.like();
  kept.push(reference);
  return measure(reference, operations).bytes;
}

/** What the operation and the measurement keep outside of the heap is there after the first of them; what loading them took, is not. */
function settleOutside(operation: Operation): void {
  run(operation, OPERATIONS);
  measureAllocations(() => undefined, { calls: 100, rounds: 2, warmUpMs: 1 });
  for (let round = 0; round < 4; round++) outsideBytes();
}
