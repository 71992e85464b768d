import type { CaseResult, LaneResult } from './measure.ts';
import { pairedRatio, summarize } from './statistics.ts';

/** The results as a Markdown table, a row for each subject. */
export function tableOf(cases: readonly CaseResult[]): string[] {
  return [
    '| case | subject | ns/op (quartiles) | B/op | GC per 10⁶ op | naive takes |',
    '|---|---|---:|---:|---:|---:|',
    ...cases.flatMap((result) => result.lanes.map((lane) => row(result, lane))),
  ];
}

function row(result: CaseResult, lane: LaneResult): string {
  const { median, quartiles } = summarize(lane.samples);
  const time = `${figure(median)} (${figure(quartiles[0])} to ${figure(quartiles[1])})`;
  const bytes = Number.isInteger(lane.bytes) ? String(lane.bytes) : lane.bytes.toFixed(1);
  const cells = [result.name, lane.subject, time, bytes, figure(lane.collectionsPerMillion), naiveRatio(result, lane)];
  return `| ${cells.join(' | ')} |`;
}

/** The factor by which the naive codec takes longer, or nothing if it is not in the case. */
function naiveRatio({ lanes }: CaseResult, lane: LaneResult): string {
  const naive = lanes.find(({ subject }) => subject === 'naive');
  if (naive === undefined || naive === lane) return '';
  return `× ${figure(pairedRatio(naive.samples, lane.samples))}`;
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
