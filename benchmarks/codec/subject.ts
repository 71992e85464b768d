/**
 * A lane: one subject of one case in a process of its own, so that nothing else shapes its compiled code. The parent
 * sends requests and gets one answer each; between them the process sleeps.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { asyncHeapBytes, bytesPerOperation, lowerMedian } from '../harness/heap.ts';
import { timeTasks, warmUp, type Work } from '../harness/stopwatch.ts';
import type { Answer, BytesAnswer, Request, RoundAnswer } from './protocol.ts';
import { prepare } from './work.ts';

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
// The parent may have died: without its channel there is nothing to answer.
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

async function round(count: number, uncounted: number): Promise<RoundAnswer> {
  collections.length = 0;
  const nanoseconds = await timeTasks(work, count, uncounted);
  // Collections are reported from the event loop, one turn after another.
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  return { kind: 'timed', nanoseconds, collections: [...collections] };
}

/** Bytes per operation of what needs the event loop. What each turn of it takes is in the figure. */
async function asyncBytes(counted: Work): Promise<BytesAnswer> {
  const count = 2_000;
  await counted(100_000);
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) rounds.push(await asyncHeapBytes(counted, count));
  return { kind: 'counted', bytes: lowerMedian(rounds) / count };
}
