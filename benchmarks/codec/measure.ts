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

/** Times and byte counts for a full run, and for a look. */
export const full = { rounds: 31, warmUpMilliseconds: 1_000, sampleMilliseconds: 10 } as const;
export const quick = { rounds: 11, warmUpMilliseconds: 250, sampleMilliseconds: 4 } as const;

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
  const collections = lanes.map(() => 0);
  // Round -1 is thrown away: the processes have slept while the others were warmed up.
  for (let round = -1; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    for (let turn = 0; turn < lanes.length; turn++) {
      const index = (turn + round + lanes.length) % lanes.length;
      const result = results[index]!;
      const sample = await lanes[index]!.ask({ kind: 'sample', count: result.count }, 'sampled');
      if (round < 0) continue;
      result.samples.push(sample.nanoseconds);
      collections[index]! += sample.collections;
    }
  }
  for (const [index, result] of results.entries()) {
    result.collectionsPerMillion = (collections[index]! * 1e6) / (result.count * rounds);
  }
  return results;
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
