import { quantile } from 'simple-statistics';
import { type Case, type Subject, subjects } from '../harness/case.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { Lane, type Variant } from './lane.ts';
import type { CaseResult, LaneResult } from './results.ts';

export interface MeasureOptions {
  rounds: number;
  warmUpMilliseconds: number;
  sampleMilliseconds: number;
  /** Called with what is being done now. */
  progress: (what: string) => void;
}

/**
 * A full run, and a look. Samples are short because a process that has just slept is left alone for a few milliseconds:
 * on a busy machine most samples of 2 ms are undisturbed, and most of 10 ms are not.
 */
export const full = { rounds: 101, warmUpMilliseconds: 1_200, sampleMilliseconds: 2 } as const;
export const quick = { rounds: 31, warmUpMilliseconds: 500, sampleMilliseconds: 2 } as const;

/**
 * Measures a case. Every subject with every variant is a process; all are warmed up, then take turns: one short sample
 * each per round, in an order that changes from round to round. Bytes are counted afterwards, in processes of their
 * own, because the exact heap needs flags that would change the times.
 */
export async function measureCase(
  file: string,
  definition: Case,
  variants: readonly Variant[],
  options: MeasureOptions,
): Promise<CaseResult> {
  const keys = variants.flatMap((variant) =>
    subjects.filter((subject) => definition.subjects[subject]).map((subject) => ({ variant, subject })),
  );
  const lanes = keys.map(({ variant, subject }) => new Lane(variant, file, definition.name, subject, []));
  let results: LaneResult[];
  try {
    results = await timeLanes(lanes, options);
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
  for (const [index, { variant, subject }] of keys.entries()) {
    options.progress(`bytes of ${subject}`);
    results[index]!.bytes = await countBytes(variant, file, definition.name, subject);
  }
  const { name, what, frameBytes } = definition;
  return { name, what, ...(frameBytes === undefined ? {} : { frameBytes }), lanes: results };
}

async function timeLanes(lanes: readonly Lane[], options: MeasureOptions): Promise<LaneResult[]> {
  const { rounds, warmUpMilliseconds: milliseconds, sampleMilliseconds, progress } = options;
  const results: LaneResult[] = [];
  for (const lane of lanes) {
    progress(`warming up ${lane.subject}`);
    await lane.start();
    const { count } = await lane.ask({ kind: 'warm-up', milliseconds, sampleMilliseconds }, 'warmed-up');
    const { variant, subject } = lane;
    results.push({ variant: variant.label, subject, samples: [], count, bytes: 0, collectionsPerMillion: 0 });
  }
  const collections = lanes.map((): number[] => []);
  // Round -1 is thrown away: the processes have slept while the others were warmed up.
  for (let round = -1; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    for (let turn = 0; turn < lanes.length; turn++) {
      const index = (turn + round + lanes.length) % lanes.length;
      const result = results[index]!;
      const sample = await lanes[index]!.ask({ kind: 'sample', count: result.count }, 'sampled');
      if (round < 0) continue;
      result.samples.push(sample.nanoseconds);
      collections[index]!.push(...sample.collections);
    }
  }
  for (const [index, result] of results.entries()) addCollections(result, collections[index]!, rounds);
  return results;
}

/**
 * Spreads the time of all garbage collections evenly over all operations. A short sample has none or one, so that a median
 * of samples with their own collections would leave them out, or count them twice. The time of one is the lower quartile:
 * collecting takes several threads, which wait for each other on a busy machine.
 */
function addCollections(result: LaneResult, collections: readonly number[], rounds: number): void {
  const operations = result.count * rounds;
  result.collectionsPerMillion = (collections.length * 1e6) / operations;
  if (collections.length === 0) return;
  const share = (quantile([...collections], 0.25) * collections.length) / operations;
  result.samples = result.samples.map((nanoseconds) => nanoseconds + share);
}

async function countBytes(variant: Variant, file: string, name: string, subject: Subject): Promise<number> {
  const lane = new Lane(variant, file, name, subject, exactHeapFlags);
  try {
    await lane.start();
    return (await lane.ask({ kind: 'bytes' }, 'counted')).bytes;
  } finally {
    await lane.stop();
  }
}
