import { Bench } from 'tinybench';

/** Does this number of operations, one after another; asynchronously if they need the event loop. */
export type Work = (count: number) => unknown;

const MIN_OPERATIONS = 50;

/** Tasks of which {@link timeTasks} takes the median. */
export const TASKS = 8;

/**
 * The processor time of this process in milliseconds. Unlike the clock it stands still while other programs have the core.
 * Its step is 1 µs, so that whatever is timed should take hundreds of them.
 */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Nanoseconds of processor time per operation: the median of 8 tasks of `count` operations each. A task is timed as a
 * whole, since reading the time takes as long as many operations. Each task also does `uncounted` operations, whose time
 * counts for the others: a slowdown of a known size.
 */
export async function timeTasks(work: Work, count: number, uncounted: number = 0): Promise<number> {
  const bench = new Bench({ time: 0, iterations: TASKS, warmup: false, throws: true, now: cpuMilliseconds });
  const all = count + uncounted;
  if (isAsync(work)) await bench.add('task', async () => work(all)).run();
  else bench.add('task', () => work(all)).runSync();
  const result = bench.tasks[0]?.result;
  if (result?.state !== 'completed') throw new Error(`expected a completed task; found ${result?.state}`);
  return (result.latency.p50 * 1e6) / count;
}

/** tinybench does not wait for the promise of a function that is not an async function. */
function isAsync(work: Work): boolean {
  return work.constructor.name === 'AsyncFunction';
}

/**
 * Works until the process has had this many milliseconds of processor time, then says how many operations take
 * `taskMilliseconds`. By the clock, code on a busy machine would be measured before V8's compilers got to it.
 */
export async function warmUp(work: Work, milliseconds: number, taskMilliseconds: number): Promise<number> {
  const end = cpuMilliseconds() + milliseconds;
  let count = MIN_OPERATIONS;
  for (let begin = cpuMilliseconds(); begin < end; begin = cpuMilliseconds()) {
    await work(count);
    const taken = Math.max(cpuMilliseconds() - begin, 0.001);
    // At most four times as many: the first operations, not compiled yet, say little about the others.
    count = Math.max(MIN_OPERATIONS, Math.ceil(count * Math.min(4, taskMilliseconds / taken)));
  }
  return count;
}
