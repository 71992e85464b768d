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

/** Bytes of heap of `count` operations that need the event loop, with the bytes of each turn of the loop. */
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
