import { heapBytes } from './heap.ts';
import { type Operation, run } from './operation.ts';
import { timeTasks, warmUp } from './stopwatch.ts';

const WARM_MS = 500;
const TASK_MS = 20;
const COUNTED = 20_000;
const READINGS = 5;

/** What one operation takes. */
export interface Measured {
  /** Nanoseconds of processor time, warm. */
  readonly ns: number;
  /** Bytes of heap: the least of five readings. */
  readonly bytes: number;
}

/** Measures a synchronous operation of an application, in a process with the flags of heap.ts. */
export async function measured(operation: Operation): Promise<Measured> {
  const work = (count: number): number => run(operation, count);
  const count = await warmUp(work, WARM_MS, TASK_MS);
  const ns = await timeTasks(work, count);
  const readings = Array.from({ length: READINGS }, () => heapBytes(operation, COUNTED));
  return { ns, bytes: Math.min(...readings) / COUNTED };
}
