/**
 * One proof in a process of its own: that 20,000 operations of a case take exactly the stated number of bytes, round
 * after round, and that one planted allocation among them is seen. Prints its findings as one line of JSON.
 */
import type { Allowance, Case } from '../harness/case.ts';
import { heapBytes, lowerMedian, outsideBytes } from '../harness/heap.ts';
import { type Operation, run } from '../harness/operation.ts';
import { type Findings, type Mode, modes } from './findings.ts';
import { type Plant, planted, plants } from './plant.ts';

const OPERATIONS = 20_000;
/**
 * Where bytes are compared with those of another operation, no more than fit one page (256 KiB) of the young generation:
 * what is left over at a page's end is counted as used, and differs from round to round.
 */
const LIKE_OPERATIONS = 200;
const CONTROL_ROUNDS = 2;
/** How many rounds more have to agree on a figure that was not expected. */
const UNEXPECTED_ROUNDS = 1;
/** Rounds in which the compilers may still finish what they began, which is on the heap too. */
const MAX_SETTLING_ROUNDS = 60;

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
  settleHeapReadings();
  warmUp(operation);
  const expected = allowance === undefined ? 0 : allowedBytes(allowance, operations);
  const outsideBefore = outsideBytes();
  const measured = steadyBytes(operation, operations, expected, mode.rounds);
  const outside = outsideBytes() - outsideBefore;
  const controls = {} as Record<Plant, number>;
  for (const plant of Object.keys(plants) as Plant[]) {
    const work = planted(operation, plant, operations);
    controls[plant] = steadyBytes(work, operations, expected + plants[plant], CONTROL_ROUNDS) - measured;
  }
  return { operations, rounds: mode.rounds, expected, measured, outside, controls };
}

function allowedBytes(allowance: Allowance, operations: number): number {
  if ('bytes' in allowance) return allowance.bytes * operations;
  const reference = allowance.like();
  kept.push(reference);
  warmUp(reference);
  return lowerMedian(Array.from({ length: 7 }, () => heapBytes(reference, operations)));
}

/** Bytes per round, once that is the expected figure `rounds` times in a row, or once it is another as often. */
function steadyBytes(operation: Operation, operations: number, expected: number, rounds: number): number {
  let last = heapBytes(operation, operations);
  for (let round = 1, inRow = 1; round < MAX_SETTLING_ROUNDS; round++) {
    if (inRow >= (last === expected ? rounds : rounds + UNEXPECTED_ROUNDS)) break;
    const bytes = heapBytes(operation, operations);
    inRow = bytes === last ? inRow + 1 : 1;
    last = bytes;
  }
  return last;
}

/** The first readings load and compile what the readings themselves need. */
function settleHeapReadings(): void {
  for (let round = 0; round < 8; round++) heapBytes(() => round, 100);
  outsideBytes();
}

function warmUp(operation: Operation): void {
  const end = performance.now() + mode.warmUpMilliseconds;
  for (let done = 0; done < mode.warmUpOperations && performance.now() < end; done += 1_000) run(operation, 1_000);
}
