import { quantile } from 'simple-statistics';
import { type Subject, subjects } from '../harness/case.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { TASKS } from '../harness/stopwatch.ts';
import type { Entry } from './catalogue.ts';
import { Lane, type Variant } from './lane.ts';

/** How long a case is measured. */
export interface MeasureOptions {
  readonly rounds: number;
  readonly warmUpMilliseconds: number;
}

/** A full run. */
export const full: MeasureOptions = { rounds: 31, warmUpMilliseconds: 1_200 };
/** A short run, too rough to quote. */
export const quick: MeasureOptions = { rounds: 9, warmUpMilliseconds: 500 };

/** One subject of one case. */
export interface LaneResult {
  readonly subject: Subject;
  /** Nanoseconds of an operation, one for each round; the same index is the same round in every lane of the case. */
  samples: number[];
  /** Operations of a task; a sample is the median of 8 tasks. */
  readonly count: number;
  /** Bytes of heap of an operation. */
  bytes: number;
  /** Garbage collections during all rounds, per million operations. */
  collectionsPerMillion: number;
}

/** All subjects of one case. */
export interface CaseResult {
  readonly name: string;
  readonly lanes: readonly LaneResult[];
}

/** Processor time of a task: 500 times the stopwatch's step, and short, so that a round of all lanes takes little. */
const TASK_MILLISECONDS = 0.5;

/**
 * Measures a case. Every subject is a process. All are warmed up, then they take turns: one round each, in an order that
 * changes. Bytes are counted afterwards, in other processes, because the exact heap needs flags that change the times.
 */
export async function measureCase(entry: Entry, variant: Variant, options: MeasureOptions): Promise<CaseResult> {
  const { name, subjects: own, work } = entry.definition;
  const lanes = subjects
    .filter((subject) => (work === undefined ? own[subject] !== undefined : subject === 'spop'))
    .map((subject) => new Lane(variant, entry, subject));
  let timed: Timed[];
  try {
    timed = await timeLanes(lanes, options);
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
  for (const { result, collections } of timed) {
    result.bytes = await countBytes(variant, entry, result.subject);
    addCollections(result, collections, options.rounds);
  }
  return { name, lanes: timed.map(({ result }) => result) };
}

interface Timed {
  result: LaneResult;
  /** Nanoseconds of each garbage collection. */
  collections: number[];
}

async function timeLanes(lanes: readonly Lane[], options: MeasureOptions): Promise<Timed[]> {
  const { rounds, warmUpMilliseconds: milliseconds } = options;
  const timed: Timed[] = [];
  for (const lane of lanes) {
    await lane.start();
    const request = { kind: 'warm-up', milliseconds, taskMilliseconds: TASK_MILLISECONDS } as const;
    const { count } = await lane.ask(request, 'warmed-up');
    const result = { subject: lane.subject, samples: [], count, bytes: 0, collectionsPerMillion: 0 };
    timed.push({ result, collections: [] });
  }
  // Round -1 is not counted: the processes have slept while others were warmed up.
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < lanes.length; turn++) {
      const index = (turn + round + lanes.length) % lanes.length;
      const { result, collections } = timed[index]!;
      const sample = await lanes[index]!.ask({ kind: 'round', count: result.count, uncounted: 0 }, 'timed');
      if (round < 0) continue;
      result.samples.push(sample.nanoseconds);
      collections.push(...sample.collections);
    }
  }
  return timed;
}

/**
 * Spreads the time of all garbage collections evenly over all operations: most tasks have no collection, and their median
 * leaves the others out. Operations that take no memory cause no collection: what is collected then is the stopwatch's.
 * The time of one collection is the lower quartile, since its threads wait for each other on a busy machine.
 */
function addCollections(result: LaneResult, collections: readonly number[], rounds: number): void {
  if (result.bytes === 0) return;
  // tinybench calls a task once more than it times it.
  const operations = result.count * rounds * (TASKS + 1);
  result.collectionsPerMillion = (collections.length * 1e6) / operations;
  if (collections.length === 0) return;
  const share = (quantile([...collections], 0.25) * collections.length) / operations;
  result.samples = result.samples.map((nanoseconds) => nanoseconds + share);
}

/** Bytes of heap of an operation, counted in a process with the flags that make the count exact. */
export async function countBytes(variant: Variant, entry: Entry, subject: Subject): Promise<number> {
  const lane = new Lane(variant, entry, subject, { flags: exactHeapFlags });
  try {
    await lane.start();
    return (await lane.ask({ kind: 'bytes' }, 'counted')).bytes;
  } finally {
    await lane.stop();
  }
}
