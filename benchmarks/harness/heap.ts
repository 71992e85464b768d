import { getHeapStatistics } from 'node:v8';
import { measureAllocations } from '@spop/builder/allocations';
import type { Operation } from './operation.ts';

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

/** Calls in a round: so few that the objects of the naive codec stay below the young generation's 64 MiB. */
const CALLS = 1_000;

/** Bytes of heap that one operation takes, exact under {@link exactHeapFlags}. */
export function bytesPerOperation(operation: Operation): number {
  return measureAllocations(operation, { calls: CALLS, rounds: 3, warmUpMs: 2_000 }).bytes / CALLS;
}

/**
 * Bytes of heap and of buffers of `count` operations that need the event loop, which {@link bytesPerOperation} cannot run.
 * The bytes of each turn of the loop are in the figure.
 */
export async function heapAndBuffers(
  work: (count: number) => unknown,
  count: number,
): Promise<{ readonly heap: number; readonly buffers: number }> {
  const heap = (): number => getHeapStatistics().used_heap_size;
  collect();
  const start = heap();
  await work(0);
  const middle = heap();
  const { arrayBuffers } = process.memoryUsage();
  await work(count);
  const end = heap();
  return { heap: end - middle - (middle - start), buffers: process.memoryUsage().arrayBuffers - arrayBuffers };
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
