import { quantile } from 'simple-statistics';
import { type Subject, subjects } from '../harness/case.ts';
import { figure, pairedRatio, summarize } from '../harness/statistics.ts';
import { TASKS } from '../harness/stopwatch.ts';
import type { Entry } from './catalogue.ts';
import { Lane, type Variant, countBytes, timeRounds, warmUpLanes, withLanes } from './lane.ts';
import type { Round } from './subject.ts';

/** The length of a measurement. */
export interface MeasureOptions {
  readonly rounds: number;
  readonly warmUpMs: number;
}

/** A full run. */
export const full: MeasureOptions = { rounds: 31, warmUpMs: 1_200 };
/** A short run, too rough to quote. */
export const quick: MeasureOptions = { rounds: 9, warmUpMs: 500 };

/** One subject of one case. */
interface LaneResult {
  readonly subject: Subject;
  /** Nanoseconds of an operation, one for each round; the same index is the same round in every lane of the case. */
  readonly samples: readonly number[];
  /** Bytes of heap of an operation. */
  readonly bytes: number;
  /** Garbage collections during all rounds, per million operations. */
  readonly collectionsPerMillion: number;
}

/** Processor time of a task: 500 times the stopwatch's step, and short, so that a round of all lanes takes little. */
const TASK_MS = 0.5;

/** The head of the table whose rows {@link measureCase} returns. */
export const HEAD: readonly string[] = ['case', 'subject', 'ns/op (quartiles)', 'B/op', 'GC per 10⁶ op', 'naive takes'];

/**
 * Measures a case. Every subject is a process. All are warmed up, then they take turns. Bytes are counted afterwards, in
 * other processes, because the exact heap needs flags that change the times. @returns a row for each subject.
 */
export async function measureCase(entry: Entry, variant: Variant, options: MeasureOptions): Promise<string[][]> {
  const { name, subjects: own, work } = entry.definition;
  const lanes = subjects
    .filter((subject) => (work === undefined ? own[subject] !== undefined : subject === 'spop'))
    .map((subject) => new Lane(variant, entry, subject));
  const { counts, rounds } = await withLanes(lanes, async () => {
    const counts = await warmUpLanes(lanes, options.warmUpMs, TASK_MS);
    const tasks = counts.map((count) => ({ count, uncounted: 0 }));
    return { counts, rounds: await timeRounds(lanes, tasks, options.rounds) };
  });
  const results: LaneResult[] = [];
  for (const [index, { subject }] of lanes.entries()) {
    const own = rounds.map((round) => round[index]!);
    results.push(resultOf(subject, own, counts[index]!, await countBytes(variant, entry, subject)));
  }
  return results.map((result) => [name, ...rowOf(result, results)]);
}

/**
 * Spreads the time of all garbage collections evenly over all operations: most tasks have no collection, and their median
 * leaves the others out. Operations that take no memory cause no collection: what is collected then is the stopwatch's.
 * The time of one collection is the lower quartile, since its threads wait for each other on a busy machine.
 */
function resultOf(subject: Subject, rounds: readonly Round[], count: number, bytes: number): LaneResult {
  const samples = rounds.map(({ nanoseconds }) => nanoseconds);
  const collections = bytes === 0 ? [] : rounds.flatMap((round) => round.collections);
  if (collections.length === 0) return { subject, samples, bytes, collectionsPerMillion: 0 };
  // tinybench calls a task once more than it times it.
  const perOperation = collections.length / (count * rounds.length * (TASKS + 1));
  const share = quantile(collections, 0.25) * perOperation;
  const shared = samples.map((nanoseconds) => nanoseconds + share);
  return { subject, samples: shared, bytes, collectionsPerMillion: perOperation * 1e6 };
}

function rowOf(lane: LaneResult, lanes: readonly LaneResult[]): string[] {
  const { subject, samples, bytes, collectionsPerMillion } = lane;
  const { median, quartiles } = summarize(samples);
  const naive = lanes.find((other) => other.subject === 'naive');
  return [
    subject,
    `${figure(median)} (${figure(quartiles[0])} to ${figure(quartiles[1])})`,
    Number.isInteger(bytes) ? String(bytes) : bytes.toFixed(1),
    figure(collectionsPerMillion),
    naive === undefined || naive === lane ? '' : `× ${figure(pairedRatio(naive.samples, samples))}`,
  ];
}
