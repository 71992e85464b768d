/**
 * The process of a lane: it runs one subject of one case, so that nothing else shapes its compiled code. It says when it is
 * ready; then the parent sends a request and gets one answer. Between requests the process sleeps.
 */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { bytesPerOperation, heapAndBuffers } from '../harness/heap.ts';
import { cpuMilliseconds, timeTasks, warmUp } from '../harness/stopwatch.ts';
import { prepare } from './catalogue.ts';

/** A request of the parent. */
export type Request =
  | { readonly kind: 'warm-up'; readonly milliseconds: number; readonly taskMilliseconds: number }
  | { readonly kind: 'round'; readonly count: number; readonly uncounted: number }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'profile'; readonly seconds: number };

/** A round of tasks. */
export interface Round {
  /** Of an operation: the median of the tasks. */
  readonly nanoseconds: number;
  /** Nanoseconds of each garbage collection. */
  readonly collections: readonly number[];
}

/** The answers by kind of the request: operations of a task, a round, bytes of an operation, a CPU profile. */
export interface Answers {
  readonly 'warm-up': number;
  readonly round: Round;
  readonly bytes: number;
  readonly profile: Profiler.Profile;
}

const SAMPLING_MICROSECONDS = 200;
/** For operations that need the event loop. The number of rounds is odd, so that the median is one of them. */
const ASYNC = { warmUp: 100_000, count: 2_000, rounds: 9 } as const;

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
process.send?.('ready');

async function answer(request: Request): Promise<Answers[Request['kind']]> {
  switch (request.kind) {
    case 'warm-up':
      return warmUp(work, request.milliseconds, request.taskMilliseconds);
    case 'round':
      return timeRound(request.count, request.uncounted);
    case 'bytes':
      return operation === undefined ? asyncBytes() : bytesPerOperation(operation);
    case 'profile':
      return profile(request.seconds);
  }
}

async function timeRound(count: number, uncounted: number): Promise<Round> {
  collections.length = 0;
  const nanoseconds = await timeTasks(work, count, uncounted);
  // Collections are reported from the event loop, one turn after another.
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  return { nanoseconds, collections: [...collections] };
}

async function asyncBytes(): Promise<number> {
  await work(ASYNC.warmUp);
  const rounds: number[] = [];
  while (rounds.length < ASYNC.rounds) rounds.push((await heapAndBuffers(work, ASYNC.count)).heap);
  return median(rounds) / ASYNC.count;
}

async function profile(seconds: number): Promise<Profiler.Profile> {
  const count = await warmUp(work, 500, 2);
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  await session.post('Profiler.start');
  const end = cpuMilliseconds() + seconds * 1_000;
  while (cpuMilliseconds() < end) await work(count);
  return (await session.post('Profiler.stop')).profile;
}
