/**
 * One subject of one case in a process of its own, so that nothing else shapes its compiled code. The parent sends
 * requests and gets one answer each; between them the process sleeps.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Case, Subject } from '../harness/case.ts';
import { heapBytes, lowerMedian } from '../harness/heap.ts';
import { type Operation, run } from '../harness/operation.ts';
import type { Answer, BytesAnswer, Request, SampleAnswer, WarmUpAnswer } from './protocol.ts';

const [file, name, subject] = process.argv.slice(2);
const { cases } = (await import(new URL(`cases/${file}`, import.meta.url).href)) as { cases: readonly Case[] };
const prepare = cases.find((each) => each.name === name)?.subjects[subject as Subject];
if (prepare === undefined) {
  throw new Error(`expected a case '${name}' with a subject '${subject}' in ${file}; found none`);
}
const operation = prepare();

// One observer for the life of the process: a GCProfiler for each sample slows down every later collection (Node 24).
const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration * 1e6);
}).observe({ type: 'gc' });

process.on('message', (request: Request) => {
  void answer(request).then((result) => process.send?.(result));
});
// The parent may have died: without its channel there is nobody to answer.
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready', node: process.version, v8: process.versions.v8 } satisfies Answer);

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case 'warm-up':
      return warmUp(operation, request.milliseconds, request.sampleMilliseconds);
    case 'sample':
      return sample(operation, request.count);
    case 'bytes':
      return bytes(operation);
  }
}

/**
 * Runs for a time, then says how many operations make a sample. The time is the processor's: on a busy machine V8's
 * compilers get little of it, and by the clock the code would be measured before it is compiled.
 */
function warmUp(work: Operation, milliseconds: number, sampleMilliseconds: number): WarmUpAnswer {
  const begin = process.cpuUsage();
  let count = 100;
  let perOperation = 0;
  do {
    const start = performance.now();
    run(work, count);
    perOperation = (performance.now() - start) / count;
    count = Math.max(100, Math.ceil(Math.min(sampleMilliseconds, 10) / Math.max(perOperation, 1e-7)));
  } while (cpuMilliseconds(begin) < milliseconds);
  return { kind: 'warmed-up', count: Math.max(100, Math.ceil(sampleMilliseconds / Math.max(perOperation, 1e-7))) };
}

function cpuMilliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

async function sample(work: Operation, count: number): Promise<SampleAnswer> {
  collections.length = 0;
  const start = performance.now();
  run(work, count);
  const milliseconds = performance.now() - start;
  // Collections are reported from the event loop, one turn after another.
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  const collecting = collections.reduce((sum, nanoseconds) => sum + nanoseconds, 0);
  const nanoseconds = Math.max(0, milliseconds * 1e6 - collecting) / count;
  return { kind: 'sampled', nanoseconds, collections: [...collections] };
}

/** Bytes per operation, over as many operations as fit into the young generation. */
function bytes(work: Operation): BytesAnswer {
  run(work, 200_000);
  let count = 20_000;
  for (let round = 0; round < 5; round++) heapBytes(work, 1_000);
  if (heapBytes(work, 1_000) > 500_000) count = 1_000;
  const rounds = Array.from({ length: 9 }, () => heapBytes(work, count));
  return { kind: 'counted', bytes: lowerMedian(rounds) / count };
}
