import { getHeapStatistics } from 'node:v8';
import { type Operation, run } from './operation.ts';

/**
 * Flags under which a byte count is exact: a young generation so large that no collection falls into a measurement,
 * `gc()` to start each from the same place, and no replacing of running code, which puts its own data on the heap.
 */
export const exactHeapFlags: readonly string[] = [
  '--expose-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--no-use-osr',
];

/**
 * Bytes of heap that `count` operations take, less what the measurement itself takes: the same two readings around no
 * operation at all. Exact to the byte under {@link exactHeapFlags} as long as less than 64 MiB are allocated.
 */
export function heapBytes(operation: Operation, count: number): number {
  collect();
  const start = getHeapStatistics().used_heap_size;
  run(operation, 0);
  const middle = getHeapStatistics().used_heap_size;
  run(operation, count);
  const end = getHeapStatistics().used_heap_size;
  return end - middle - (middle - start);
}

/** The same of operations that need the event loop, as near as that comes. */
export async function asyncHeapBytes(work: (count: number) => unknown, count: number): Promise<number> {
  collect();
  const start = getHeapStatistics().used_heap_size;
  await work(0);
  const middle = getHeapStatistics().used_heap_size;
  await work(count);
  const end = getHeapStatistics().used_heap_size;
  return end - middle - (middle - start);
}

/** Bytes of buffers and of other memory outside the heap, after a collection. */
export function outsideBytes(): number {
  collect();
  const { arrayBuffers, external } = process.memoryUsage();
  return arrayBuffers + external;
}

function collect(): void {
  if (globalThis.gc === undefined) {
    throw new Error(`expected a process started with ${exactHeapFlags.join(' ')}; found no gc()`);
  }
  globalThis.gc();
}

/** The middle value; of an even number of values the lower middle, so that bytes stay whole. */
export function lowerMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[(sorted.length - 1) >> 1];
  if (middle === undefined) {
    throw new Error('expected at least one value');
  }
  return middle;
}
