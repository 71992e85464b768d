/**
 * Proves that a synchronous function allocates nothing, for handlers and parsers of your own. Start the process with
 * `--expose-gc`.
 */
import { AssertionError } from 'node:assert';
import { getHeapStatistics } from 'node:v8';

/** Options of {@link withoutAllocations} and {@link measureAllocations}. */
export interface AllocationOptions {
  /** Calls in a round; 10,000 by default, or as many as take 100 ms if that is fewer. */
  readonly calls?: number | undefined;
  /** Rounds in a row that have to take the same number of bytes; 5 by default. */
  readonly rounds?: number | undefined;
  /**
   * Milliseconds of calls before the first round, in which V8 compiles the function; 500 by default. The warm-up ends after
   * 200,000 calls at the latest.
   */
  readonly warmUpMs?: number | undefined;
}

/** The result of {@link withoutAllocations}. */
export interface AllocationProof {
  /** Bytes of V8's heap that one call takes. */
  readonly bytesPerCall: 0;
  /** Calls in a round. */
  readonly calls: number;
  /** Rounds in a row that took no bytes. */
  readonly rounds: number;
  /**
   * The control: bytes of a round in which one call also made an object, 24 or more, or put a number on the heap, 12 or more.
   * With fewer bytes the measurement would be blind, and throws.
   */
  readonly controls: Allocations['controls'];
}

/** The result of {@link measureAllocations}. */
export interface Allocations {
  /** Bytes of V8's heap that a round takes. */
  readonly bytes: number;
  /** Calls in a round. */
  readonly calls: number;
  /** Rounds in a row that had to take the same number of bytes. */
  readonly rounds: number;
  /**
   * The control: bytes that one object, and one number, added to a round. Less than 24 or 12 means that the figure is not
   * exact, for instance because a round allocates so much that V8 moves to another page of memory.
   */
  readonly controls: Readonly<Record<'object' | 'number', number>>;
}

type Plant = keyof Allocations['controls'];

const DEFAULT_CALLS = 10_000;
const DEFAULT_ROUNDS = 5;
const DEFAULT_WARM_UP_MS = 500;
const MAX_WARM_UP_CALLS = 200_000;
const MAX_ROUND_MS = 100;
/** The most rounds in which V8's compilers may finish, whose work is on the heap too. */
const MAX_SETTLING_ROUNDS = 60;
const MAX_SETTLING_MS = 5_000;
const CONTROL_ROUNDS = 2;
/** Fewer bytes than start a garbage collection, which would make a figure too small. */
const MAX_FIGURE_BYTES = 128 * 1_024;
/** Calls of one inner loop: short, so that V8 compiles it as a whole. */
const BATCH = 1_000;
/** The least bytes of a planted allocation; a number takes 12 if V8 compresses pointers, which Node does not. */
const LEAST_BYTES: Readonly<Record<Plant, number>> = { object: 24, number: 12 };

/** Keeps the planted values, so that no compiler removes them; its mixed elements put a fraction on the heap. */
const kept: unknown[] = [''];
/** Called before the measured function, since V8 never inlines a call that has had several targets. */
const otherTargets: readonly (() => unknown)[] = [() => undefined, () => 1, () => ''];

/**
 * Calls a synchronous function many times, and throws when that takes any bytes of V8's heap. After a warm-up it requires several
 * rounds without any, and then plants one object and one number as a control. It takes a second or two.
 *
 * The return value counts: V8 puts a fraction, or an integer beyond 31 bits, on the heap to return it. The bytes of a `Buffer` are
 * elsewhere and do not count, but each `Buffer` is an object on the heap and does.
 *
 * @throws {AssertionError} with the bytes of each call, if there are any; {TypeError} when the function returns a Promise or an
 * option is not an integer of 1 or more; {Error} when the process lacks `--expose-gc`, or the control was not seen.
 */
export function withoutAllocations(fn: () => unknown, options: AllocationOptions = {}): AllocationProof {
  const { calls, rounds } = prepare(fn, options);
  const bytes = steadyBytes(fn, calls, rounds, (found) => found === 0);
  if (bytes !== 0) throw allocated(fn, calls);
  const controls = controlsOf(fn, calls, 0);
  refuseBlindness(controls, calls);
  return { bytesPerCall: 0, calls, rounds, controls };
}

/**
 * Measures a function that may allocate. The figure is exact while a round takes less than the young generation, which is 1 MiB or
 * more (`--min-semi-space-size` raises it). `expectedBytes`, 0 by default, is the expected figure of a round: another figure has to
 * be read in one more round.
 *
 * @throws {TypeError} when the function returns a Promise or an option is out of range; {Error} when the process lacks
 * `--expose-gc`.
 */
export function measureAllocations(
  fn: () => unknown,
  options: AllocationOptions & { readonly expectedBytes?: number | undefined } = {},
): Allocations {
  const { calls, rounds } = prepare(fn, options);
  const { expectedBytes = 0 } = options;
  const bytes = steadyBytes(fn, calls, rounds, (found) => found === expectedBytes);
  return { bytes, calls, rounds, controls: controlsOf(fn, calls, bytes) };
}

/** Warms up, and returns the number of calls in a round and the number of rounds. */
function prepare(fn: () => unknown, options: AllocationOptions): { readonly calls: number; readonly rounds: number } {
  const rounds = integerOf('rounds', options.rounds ?? DEFAULT_ROUNDS);
  const warmUpMs = integerOf('warmUpMs', options.warmUpMs ?? DEFAULT_WARM_UP_MS);
  const wanted = integerOf('calls', options.calls ?? DEFAULT_CALLS);
  refuseAsynchronous(fn());
  settleReadings();
  const callsPerMs = warmUp(fn, warmUpMs);
  const calls = options.calls ?? Math.max(1, Math.min(wanted, Math.floor(callsPerMs * MAX_ROUND_MS)));
  return { calls, rounds };
}

function allocated(fn: () => unknown, calls: number): AssertionError {
  const bytes = bytesPerCall(fn, calls);
  const figure = bytes >= 10 ? bytes.toFixed(0) : bytes.toPrecision(2);
  return new AssertionError({
    message:
      `expected ${fn.name === '' ? 'the function' : fn.name} to allocate nothing; ` +
      `found ${figure} bytes of heap per call, in rounds of ${calls} calls`,
    actual: bytes,
    expected: 0,
    operator: 'withoutAllocations',
    stackStartFn: withoutAllocations,
  });
}

function controlsOf(fn: () => unknown, calls: number, bytes: number): Allocations['controls'] {
  return { object: control(fn, calls, bytes, 'object'), number: control(fn, calls, bytes, 'number') };
}

/** The bytes that one allocation adds to a round of `bytes`. */
function control(fn: () => unknown, calls: number, bytes: number, plant: Plant): number {
  const least = bytes + LEAST_BYTES[plant];
  return steadyBytes(planted(fn, plant, calls), calls, CONTROL_ROUNDS, (found) => found >= least) - bytes;
}

/** @throws {Error} when a planted allocation was not seen. */
function refuseBlindness(controls: Allocations['controls'], calls: number): void {
  for (const plant of Object.keys(LEAST_BYTES) as Plant[]) {
    const least = LEAST_BYTES[plant];
    if (controls[plant] >= least) continue;
    throw new Error(
      `expected the control, one ${plant} in ${calls} calls, to take ${least} bytes or more; found ${controls[plant]}, so that ` +
        'nothing is proved',
    );
  }
}

function integerOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`expected ${name} to be an integer of 1 or more; found ${value}`);
}

function refuseAsynchronous(returned: unknown): void {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return;
  throw new TypeError(
    'expected a synchronous function; found one that returns a Promise, which is an allocation itself',
  );
}

function runBatch(fn: () => unknown, count: number): void {
  for (let index = 0; index < count; index++) kept[0] = fn();
}

function run(fn: () => unknown, count: number): void {
  for (let left = count; left > 0; left -= BATCH) runBatch(fn, Math.min(left, BATCH));
}

/**
 * Bytes of heap of `count` calls, less those of the readings themselves. As many calls are made before: after a collection V8
 * compiles the long loops of a function again, which is on the heap too.
 */
function heapBytes(fn: () => unknown, count: number): number {
  collect();
  run(fn, count);
  const start = getHeapStatistics().used_heap_size;
  run(fn, 0);
  const middle = getHeapStatistics().used_heap_size;
  run(fn, count);
  const end = getHeapStatistics().used_heap_size;
  return end - middle - (middle - start);
}

/** Collects garbage, so that each measurement begins with the same free memory and no collection falls into it. */
function collect(): void {
  if (globalThis.gc === undefined) {
    throw new Error(
      'expected a process with gc(), from which each round starts; found none: start node with --expose-gc, or have vitest ' +
        "do so with test: { execArgv: ['--expose-gc'] }",
    );
  }
  globalThis.gc();
}

/** Reads the heap a few times, since the first readings load and compile their own code. */
function settleReadings(): void {
  for (const target of otherTargets) {
    for (let round = 0; round < 3; round++) heapBytes(target, 100);
  }
}

/** @returns The number of calls in a millisecond. */
function warmUp(fn: () => unknown, milliseconds: number): number {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  for (let step = 1; calls < MAX_WARM_UP_CALLS && elapsed < milliseconds; step = Math.min(step * 2, BATCH)) {
    run(fn, step);
    calls += step;
    elapsed = performance.now() - start;
  }
  return calls / elapsed;
}

/**
 * Bytes of a round, once `rounds` rounds in a row had the same, or one more if that is not the wanted figure; else the last
 * one.
 */
function steadyBytes(fn: () => unknown, calls: number, rounds: number, isWanted: (bytes: number) => boolean): number {
  const start = performance.now();
  let last = heapBytes(fn, calls);
  let inRow = 1;
  for (let round = 1; round < MAX_SETTLING_ROUNDS && performance.now() - start < MAX_SETTLING_MS; round++) {
    if (inRow >= (isWanted(last) ? rounds : rounds + 1)) break;
    const bytes = heapBytes(fn, calls);
    inRow = bytes === last ? inRow + 1 : 1;
    last = bytes;
  }
  return last;
}

/** The function with one allocation in each round. */
function planted(fn: () => unknown, plant: Plant, calls: number): () => unknown {
  const made: unknown[] = [''];
  let count = 0;
  let total = 0;
  return () => {
    if (++count === calls) {
      count = 0;
      total++;
      made[0] = plant === 'object' ? { total } : total + 0.5;
    }
    return fn();
  };
}

/** Bytes of one call that allocates, measured over as many calls as fit between two collections. */
function bytesPerCall(fn: () => unknown, calls: number): number {
  let count = Math.min(10, calls);
  let bytes = heapBytes(fn, count);
  while (count < calls && bytes * 10 <= MAX_FIGURE_BYTES) {
    count = Math.min(count * 10, calls);
    bytes = heapBytes(fn, count);
  }
  return Math.max(bytes, 1) / count;
}
