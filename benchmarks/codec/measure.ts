import { quantile } from 'simple-statistics';
import { type Subject, subjects } from '../harness/case.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { TASKS } from '../harness/stopwatch.ts';
import { type CaseName, Lane, type Variant } from './lane.ts';
import type { CaseResult, LaneResult } from './results.ts';

export interface MeasureOptions {
  rounds: number;
  warmUpMilliseconds: number;
  /** Called with what is being done now. */
  progress: (what: string) => void;
}

/** A case, whatever its operations need. */
export interface MeasuredCase {
  readonly name: string;
  readonly what: string;
  readonly subjects: Readonly<Partial<Record<Subject, unknown>>>;
}

/** A full run, and a look. */
export const full = { rounds: 31, warmUpMilliseconds: 1_200 } as const;
export const quick = { rounds: 9, warmUpMilliseconds: 500 } as const;

/** Processor time of a task: 500 times the stopwatch's step, and short, so that a round of all lanes takes little. */
export const TASK_MILLISECONDS = 0.5;

/**
 * Measures a case. Every subject is a process; all are warmed up, then take turns: one round each, in an order that
 * changes. Bytes are counted afterwards, in processes of their own, because the exact heap needs flags that would change
 * the times.
 */
export async function measureCase(
  file: string,
  definition: MeasuredCase,
  variant: Variant,
  options: MeasureOptions,
): Promise<CaseResult> {
  const case_ = { file, name: definition.name };
  const lanes = subjects
    .filter((subject) => definition.subjects[subject])
    .map((subject) => new Lane(variant, case_, subject));
  let timed: Timed[];
  try {
    timed = await timeLanes(lanes, options);
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
  for (const { result, collections } of timed) {
    options.progress(`bytes of ${result.subject}`);
    result.bytes = await countBytes(variant, case_, result.subject);
    addCollections(result, collections, options.rounds);
  }
  return { name: definition.name, lanes: timed.map(({ result }) => result) };
}

interface Timed {
  result: LaneResult;
  /** Nanoseconds of each garbage collection. */
  collections: number[];
}

async function timeLanes(lanes: readonly Lane[], options: MeasureOptions): Promise<Timed[]> {
  const { rounds, warmUpMilliseconds: milliseconds, progress } = options;
  const timed: Timed[] = [];
  for (const lane of lanes) {
    progress(`warming up ${lane.subject}`);
    await lane.start();
    const { count } = await lane.ask(
      { kind: 'warm-up', milliseconds, taskMilliseconds: TASK_MILLISECONDS },
      'warmed-up',
    );
    const result = { subject: lane.subject, samples: [], count, bytes: 0, collectionsPerMillion: 0 };
    timed.push({ result, collections: [] });
  }
  // Round -1 is thrown away: the processes have slept while the others were warmed up.
  for (let round = -1; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
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
 * Spreads the time of all garbage collections evenly over all operations. Most tasks have none, so that their median
 * leaves them out. Operations that take no memory cause none: what is collected then is the stopwatch's. The time of one
 * collection is the lower quartile: it takes several threads, which wait for each other on a busy machine.
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

/** Bytes of heap per operation, in a process with the flags that make the count exact. */
export async function countBytes(variant: Variant, name: CaseName, subject: Subject): Promise<number> {
  const lane = new Lane(variant, name, subject, { flags: exactHeapFlags });
  try {
    await lane.start();
    return (await lane.ask({ kind: 'bytes' }, 'counted')).bytes;
  } finally {
    await lane.stop();
  }
}
