import type { CaseResult, LaneResult } from './results.ts';
import { type Interval, pairedInterval, summarize, unpairedInterval } from './statistics.ts';

/** A smaller change of time is never called one: compilers place the same code that differently from run to run. */
const SMALLEST_CHANGE = 0.03;

/** One case before and after. */
export interface Verdict {
  name: string;
  before: number;
  after: number;
  /** How many times as long it takes now. */
  time: Interval;
  /** By how much the ratio may differ and still be noise. */
  tolerance: number;
  bytes: [before: number, after: number];
  says: 'slower' | 'faster' | 'same';
}

/** Both in one run, in turns: the rounds belong together, and the machine's moods fall on both. */
export function compareInTurns(name: string, before: LaneResult, after: LaneResult): Verdict {
  const time = pairedInterval(after.samples, before.samples);
  return verdict(name, before, after, time, SMALLEST_CHANGE);
}

/**
 * Two saved runs: how much the floor and the naive codec, which no change of the codec touches, differ between them is
 * how much the machine does.
 */
export function compareRuns(
  before: CaseResult,
  after: CaseResult,
  subject: (result: CaseResult) => LaneResult,
): Verdict {
  const [from, to] = [subject(before), subject(after)];
  const drift = Math.max(0, ...['naive', 'floor'].map((name) => driftOf(before, after, name)));
  return verdict(after.name, from, to, unpairedInterval(to.samples, from.samples), Math.max(SMALLEST_CHANGE, drift));
}

function driftOf(before: CaseResult, after: CaseResult, name: string): number {
  const find = (result: CaseResult): LaneResult | undefined => result.lanes.find(({ subject }) => subject === name);
  const [from, to] = [find(before), find(after)];
  if (from === undefined || to === undefined) return 0;
  const ratio = summarize(to.samples).median / summarize(from.samples).median;
  return Math.max(ratio, 1 / ratio) - 1;
}

/** A change is what the whole interval agrees on, beyond the tolerance. */
function verdict(name: string, before: LaneResult, after: LaneResult, time: Interval, tolerance: number): Verdict {
  let says: Verdict['says'] = 'same';
  if (time.low > 1 + tolerance) says = 'slower';
  else if (time.high < 1 / (1 + tolerance)) says = 'faster';
  return {
    name,
    before: summarize(before.samples).median,
    after: summarize(after.samples).median,
    time,
    tolerance,
    bytes: [before.bytes, after.bytes],
    says,
  };
}
