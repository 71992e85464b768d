/**
 * One proof: 20,000 operations of a case take exactly the stated number of bytes, round after round, and one planted
 * allocation among them is seen. Prints its findings as JSON.
 *
 *     node prove.ts MODE FILE CASE
 */
import { measureAllocations } from '@spop/builder/allocations';
import { findCase } from '../codec/catalogue.ts';
import type { Allowance, Case } from '../harness/case.ts';
import { outsideBytes } from '../harness/heap.ts';
import { type Operation, run } from '../harness/operation.ts';
import { type Findings, type Mode, modes } from './proof.ts';

const OPERATIONS = 20_000;
/**
 * If bytes are compared with those of another operation, they have to fit one page (256 KiB) of the young generation: the
 * unused end of a full page counts as used, and differs from round to round.
 */
const LIKE_OPERATIONS = 200;
/** The memory of a reference operation must not be collected while the memory outside the heap is watched. */
const kept: Operation[] = [];

const [modeName = '', file = '', name = ''] = process.argv.slice(2);
const mode = modes[modeName as Mode];
const definition = await findCase(file, name);
const operation = definition.subjects.spop?.();
if (operation === undefined) throw new Error(`expected a subject spop of ${name}; found none`);

// An error's stack takes bytes by its depth. Without stacks all errors take the same number of bytes.
Error.stackTraceLimit = 0;
process.stdout.write(JSON.stringify(prove(definition, operation)));

function prove(proven: Case, work: Operation): Findings {
  const allowance = modeName === 'unoptimised' ? proven.unoptimised : undefined;
  const operations = allowance !== undefined && 'like' in allowance ? LIKE_OPERATIONS : OPERATIONS;
  const expected = allowance === undefined ? 0 : allowedBytes(allowance, operations);
  settleOutside(work);
  const outsideBefore = outsideBytes();
  const { bytes, rounds, controls } = measure(work, operations, expected);
  const outside = outsideBytes() - outsideBefore;
  return { operations, rounds, expected, measured: bytes, outside, controls };
}

function measure(work: Operation, calls: number, expectedBytes?: number): ReturnType<typeof measureAllocations> {
  return measureAllocations(work, { calls, expectedBytes, rounds: mode.rounds, warmUpMs: mode.warmUpMs });
}

function allowedBytes(allowance: Allowance, operations: number): number {
  if ('bytes' in allowance) return allowance.bytes * operations;
  const reference = allowance.like();
  kept.push(reference);
  return measure(reference, operations).bytes;
}

/** Brings the memory outside the heap to rest: what the first operation and measurement keep is there, what loading took is gone. */
function settleOutside(work: Operation): void {
  run(work, OPERATIONS);
  measureAllocations(() => undefined, { calls: 100, rounds: 2, warmUpMs: 1 });
  for (let round = 0; round < 4; round++) outsideBytes();
}
