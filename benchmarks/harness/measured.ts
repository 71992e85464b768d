import { bytesPerOperation } from './heap.ts';
import { type Operation, run } from './operation.ts';
import { timeTasks, warmUp } from './stopwatch.ts';

const WARM_MS = 500;
const TASK_MS = 20;

/** The time and memory of one operation. */
export interface Measured {
  /** Nanoseconds of processor time, warm. */
  readonly ns: number;
  /** Bytes of heap. */
  readonly bytes: number;
}

/** Measures a synchronous operation of an application, in a process with the flags of heap.ts. */
export async function measured(operation: Operation): Promise<Measured> {
  const work = (count: number): number => run(operation, count);
  const count = await warmUp(work, WARM_MS, TASK_MS);
  const ns = await timeTasks(work, count);
  return { ns, bytes: bytesPerOperation(operation) };
}
