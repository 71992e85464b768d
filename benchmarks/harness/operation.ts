import { setFlagsFromString } from 'node:v8';

/**
 * One operation of a case, done once per call. It returns an integer made of what it read, so that no compiler can leave
 * the work out.
 */
export type Operation = () => number;

const BATCH = 1_000;

/**
 * Runs an operation `count` times. Time and bytes are measured around this loop. It combines the results by XOR, which
 * never leaves 32 bits: a sum would become a double, which V8 puts on the heap.
 */
export function run(operation: Operation, count: number): number {
  let sum = 0;
  for (let left = count; left > 0; left -= BATCH) {
    sum ^= runBatch(operation, left < BATCH ? left : BATCH);
  }
  return sum;
}

/** Is called often and returns soon, so that it is compiled as a whole, with the operation inlined. */
function runBatch(operation: Operation, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    sum ^= operation();
  }
  return sum;
}

/**
 * Keeps V8 from compiling `run`. Otherwise Maglev (Node 24) inlines the batch and the operation into it and never leaves
 * that loop, so that the measured code never reaches TurboFan.
 */
function keepInterpreted(work: typeof run): void {
  setFlagsFromString('--allow-natives-syntax');
  // Natives are not JavaScript: the parser accepts them only with its flag.
  // oxlint-disable-next-line typescript/no-implied-eval
  const neverOptimize = new Function('work', '%NeverOptimizeFunction(work)') as (work: typeof run) => void;
  setFlagsFromString('--no-allow-natives-syntax');
  neverOptimize(work);
}

keepInterpreted(run);
