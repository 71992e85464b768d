import { mean, median, shuffle } from 'simple-statistics';
import type { Entry } from '../codec/catalogue.ts';
import { Lane, type Variant } from '../codec/lane.ts';
import type { Sample } from './verdict.ts';

/** How the processes of a sample run. */
export interface SampleOptions {
  readonly base: Variant;
  readonly head: Variant;
  /** The core that all processes are bound to. */
  readonly core: number;
  /** The part of an operation by which the head is slowed down; 0 for not at all. */
  readonly planted: number;
}

/** A sample, and what its processes took per operation in nanoseconds. */
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

/**
 * Takes one sample: two processes of the base and two of the head on one core, started in random order. They take turns,
 * A B C D D C B A, so that all see the same machine, and they are compared within each round.
 */
export async function takeSample(entry: Entry, options: SampleOptions): Promise<Timed> {
  const sides = shuffle(['base', 'base', 'head', 'head'] as const);
  const lanes = sides.map((side) => new Lane(options[side], entry, 'spop', { flags: FLAGS, core: options.core }));
  try {
    const count = await warmUp(lanes, entry.definition.work !== undefined);
    const uncounted = sides.map((side) => (side === 'head' ? Math.round(count * options.planted) : 0));
    const rounds = await timeRounds(lanes, count, uncounted);
    return compare(sides, rounds);
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** Warms up all lanes, and returns how many operations a task has: the same number for all. */
async function warmUp(lanes: readonly Lane[], isAsync: boolean): Promise<number> {
  await Promise.all(lanes.map((lane) => lane.start()));
  const taskMilliseconds = isAsync ? ASYNC_TASK_MS : TASK_MS;
  const counts: number[] = [];
  for (const lane of lanes) {
    const request = { kind: 'warm-up', milliseconds: WARM_UP_MS, taskMilliseconds } as const;
    counts.push((await lane.ask(request, 'warmed-up')).count);
  }
  // A multiple of ten, so that a tenth of it can be planted.
  return Math.ceil(median(counts) / 10) * 10;
}

/** Nanoseconds per operation of each lane in each round. */
async function timeRounds(lanes: readonly Lane[], count: number, uncounted: readonly number[]): Promise<number[][]> {
  const rounds: number[][] = [];
  const forwards = lanes.map((_, index) => index);
  // Round −1 is not counted: the processes have slept while others were warmed up.
  for (let round = -1; round < ROUNDS; round++) {
    const times: number[] = [];
    for (const index of round % 2 === 0 ? forwards : forwards.toReversed()) {
      const request = { kind: 'round', count, uncounted: uncounted[index]! } as const;
      times[index] = (await lanes[index]!.ask(request, 'timed')).nanoseconds;
    }
    if (round >= 0) rounds.push(times);
  }
  return rounds;
}

/** A lane's place is the median, over the rounds, of its distance from the mean of all lanes. */
function compare(sides: readonly ('base' | 'head')[], rounds: readonly number[][]): Timed {
  const logs = rounds.map((times) => times.map(Math.log));
  const place = (index: number): number => median(logs.map((round) => round[index]! - mean(round)));
  const [b1, b2] = indexesOf(sides, 'base');
  const [h1, h2] = indexesOf(sides, 'head');
  const time = (index: number): number => median(rounds.map((round) => round[index]!));
  return {
    difference: (place(h1) + place(h2) - place(b1) - place(b2)) / 2,
    control: (place(b2) - place(b1) + place(h2) - place(h1)) / 2,
    base: [time(b1), time(b2)],
    head: [time(h1), time(h2)],
  };
}

function indexesOf(sides: readonly ('base' | 'head')[], side: 'base' | 'head'): [number, number] {
  return [sides.indexOf(side), sides.lastIndexOf(side)];
}
