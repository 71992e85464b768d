/**
 * The process of a lane: it runs one subject of one case, so that nothing else shapes its compiled code. The parent sends
 * a request and gets one answer; between requests the process sleeps.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { asyncHeapBytes, bytesPerOperation, lowerMedian } from '../harness/heap.ts';
import { timeTasks, warmUp, type Work } from '../harness/stopwatch.ts';
import { prepare } from './catalogue.ts';

/** What the runner asks of a lane's process, one request at a time. */
export type Request =
  | { kind: 'warm-up'; milliseconds: number; taskMilliseconds: number }
  | { kind: 'round'; count: number; uncounted: number }
  | { kind: 'bytes' };

/** What the process answers; the first answer, `ready`, is not asked for. */
export type Answer =
  | { kind: 'ready' }
  /** Operations of a task. */
  | { kind: 'warmed-up'; count: number }
  /** Of an operation, the median of the round's tasks; and of each garbage collection during the round. */
  | { kind: 'timed'; nanoseconds: number; collections: number[] }
  /** Of an operation. */
  | { kind: 'counted'; bytes: number };

const [file = '', name = '', subject = ''] = process.argv.slice(2);
const { work, operation } = await prepare(file, name, subject);

// One observer for the life of the process: a GCProfiler for each round slows down every later collection (Node 24).
const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration * 1e6);
}).observe({ type: 'gc' });

process.on('message', (request: Request) => {
  void answer(request).then((result) => process.send?.(result));
});
// The channel closes when the parent dies: then nobody asks any more.
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready' } satisfies Answer);

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case 'warm-up':
      return { kind: 'warmed-up', count: await warmUp(work, request.milliseconds, request.taskMilliseconds) };
    case 'round':
      return round(request.count, request.uncounted);
    case 'bytes':
      return operation === undefined ? asyncBytes(work) : { kind: 'counted', bytes: bytesPerOperation(operation) };
  }
}

async function round(count: number, uncounted: number): Promise<Answer> {
  collections.length = 0;
  const nanoseconds = await timeTasks(work, count, uncounted);
  // Collections are reported from the event loop, one turn after another.
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  return { kind: 'timed', nanoseconds, collections: [...collections] };
}

/** Bytes of an operation that needs the event loop. What each turn of the loop takes is in the figure. */
async function asyncBytes(counted: Work): Promise<Answer> {
  const count = 2_000;
  await counted(100_000);
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) rounds.push(await asyncHeapBytes(counted, count));
  return { kind: 'counted', bytes: lowerMedian(rounds) / count };
}
