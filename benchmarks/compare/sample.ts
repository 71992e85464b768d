import { readFileSync } from 'node:fs';
import os from 'node:os';
import { mean, median, shuffle } from 'simple-statistics';
import type { Entry } from '../codec/catalogue.ts';
import { Lane, type Variant, timeRounds, warmUpLanes, withLanes } from '../codec/lane.ts';
import type { Sample } from './verdict.ts';

/** Both sides of a comparison. */
export interface Sides {
  readonly base: Variant;
  readonly head: Variant;
}

/** A sample, and the nanoseconds per operation of its processes. */
export interface Timed extends Sample {
  readonly base: readonly [number, number];
  readonly head: readonly [number, number];
}

const ROUNDS = 12;
const WARM_UP_MS = 250;
const TASK_MS = 0.5;
/** Longer, since it contains two messages between processes. */
const ASYNC_TASK_MS = 2;

/**
 * V8 compiles on this thread, not on others. The moment at which it replaces code then depends on the code's work and not
 * on another thread, and processes differ less.
 */
const FLAGS = ['--single-threaded'];

/** All processes are bound to it. */
const core = lastCore();

/**
 * Takes one sample: two processes of the base and two of the head on one core, started in random order. They take turns,
 * so that all see the same machine, and they are compared within each round. The head is slowed down by the part `planted`
 * of an operation; 0 for not at all.
 */
export async function takeSample(entry: Entry, versions: Sides, planted: number): Promise<Timed> {
  const sides = shuffle(['base', 'base', 'head', 'head'] as const);
  const lanes = sides.map((side) => new Lane(versions[side], entry, 'spop', { flags: FLAGS, core }));
  return withLanes(lanes, async () => {
    const counts = await warmUpLanes(lanes, WARM_UP_MS, entry.definition.work === undefined ? TASK_MS : ASYNC_TASK_MS);
    // The same number for all; a multiple of ten, so that a tenth of it can be planted.
    const count = Math.ceil(median(counts) / 10) * 10;
    const tasks = sides.map((side) => ({
      count,
      uncounted: side === 'head' ? Math.round(count * planted) : 0,
    }));
    const rounds = await timeRounds(lanes, tasks, ROUNDS);
    return compare(
      sides,
      rounds.map((round) => round.map(({ nanoseconds }) => nanoseconds)),
    );
  });
}

/** A lane's place is the median, over the rounds, of its distance from the mean of all lanes. */
function compare(sides: readonly ('base' | 'head')[], rounds: readonly number[][]): Timed {
  const logs = rounds.map((times) => times.map(Math.log));
  const place = (index: number): number => median(logs.map((round) => round[index]! - mean(round)));
  const [b1, b2] = [sides.indexOf('base'), sides.lastIndexOf('base')];
  const [h1, h2] = [sides.indexOf('head'), sides.lastIndexOf('head')];
  const time = (index: number): number => median(rounds.map((round) => round[index]!));
  return {
    difference: (place(h1) + place(h2) - place(b1) - place(b2)) / 2,
    control: (place(b2) - place(b1) + place(h2) - place(h1)) / 2,
    base: [time(b1), time(b2)],
    head: [time(h1), time(h2)],
  };
}

/** The last core that this process may run on, as `taskset` counts them: the first has most of the interrupts. */
function lastCore(): number {
  try {
    const last = /^Cpus_allowed_list:.*?(\d+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (last !== undefined) return Number(last);
  } catch {
    // No Linux, and no taskset either.
  }
  return os.availableParallelism() - 1;
}
