/** What is to be reached, as ratios within one run, and whether it was. */
import { figureOf, pairedRatio } from './figures.ts';
import type { LaneInfo, PeersRun } from './results.ts';
import type { Sample } from '../load/rounds.ts';

export interface Goal {
  readonly ours: string;
  readonly against: string;
  readonly what: string;
  readonly reach: string;
  readonly ratio: number;
  readonly reached: boolean;
}

interface Rule {
  readonly what: string;
  readonly against: (lane: LaneInfo) => boolean;
  readonly test: string;
  readonly pick: (sample: Sample) => number;
  /** At least this, or at most this, of ours divided by theirs. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

const go = (lane: LaneInfo): boolean => lane.role === 'peer' && lane.language === 'Go';
const rust = (lane: LaneInfo): boolean => lane.role === 'peer' && lane.language === 'Rust';
const perSecond = (sample: Sample): number => sample.perSecond;
const cpu = (sample: Sample): number => sample.cpuPerMillion;
const p99 = (sample: Sample): number => sample.p99;

const closed: Rule[] = [1, 20, 32].flatMap((window) => {
  const test = `${window} in flight, tiny`;
  return [
    { what: `${window} in flight, p99`, against: go, test, pick: p99, atMost: 1 },
    { what: `${window} in flight, frames per second`, against: go, test, pick: perSecond, atLeast: 1 },
    { what: `${window} in flight, p99`, against: rust, test, pick: p99, atMost: 1.3 },
    { what: `${window} in flight, frames per second`, against: rust, test, pick: perSecond, atLeast: 1 / 1.3 },
  ];
});

const RULES: readonly Rule[] = [
  {
    what: 'frames per second, tiny, all cores',
    against: go,
    test: 'pipelined, tiny, 1 connection, all cores',
    pick: perSecond,
    atLeast: 10,
  },
  {
    what: 'frames per second, eight arguments, all cores',
    against: go,
    test: 'pipelined, realistic, 1 connection, all cores',
    pick: perSecond,
    atLeast: 5,
  },
  {
    what: 'CPU per NOTIFY, tiny',
    against: go,
    test: 'pipelined, tiny, 1 connection, one core',
    pick: cpu,
    atMost: 0.1,
  },
  {
    what: 'CPU per NOTIFY, eight arguments',
    against: go,
    test: 'pipelined, realistic, 1 connection, one core',
    pick: cpu,
    atMost: 0.1,
  },
  {
    what: 'frames per second and core, tiny',
    against: rust,
    test: 'pipelined, tiny, 1 connection, one core',
    pick: perSecond,
    atLeast: 4,
  },
  {
    what: 'frames per second and core, eight arguments',
    against: rust,
    test: 'pipelined, realistic, 1 connection, one core',
    pick: perSecond,
    atLeast: 3,
  },
  ...closed,
];

function goalOf(rule: Rule, ours: LaneInfo, other: LaneInfo, run: PeersRun): Goal[] {
  const byLane = run.load?.[rule.test];
  const theirs = byLane?.[other.name] ?? [];
  // The speed of a wrong answer does not count.
  if (theirs.some((sample) => sample.error !== '')) return [];
  const ratio = pairedRatio(byLane?.[ours.name] ?? [], theirs, rule.pick);
  if (ratio === undefined) return [];
  const { what, atLeast, atMost } = rule;
  const reach = atLeast === undefined ? `at most ${format(atMost ?? 0)}` : `at least ${format(atLeast)}`;
  const reached = atLeast === undefined ? ratio <= (atMost ?? 0) : ratio >= atLeast;
  return [{ ours: ours.name, against: other.name, what, reach, ratio, reached }];
}

function format(value: number): string {
  return value.toFixed(value >= 1 && Number.isInteger(value) ? 0 : value < 1 && value > 0.5 ? 2 : 1);
}

/** Agent CPU per HTTP request against the best peer behind each HAProxy. */
function haproxyGoals(ours: LaneInfo, run: PeersRun): Goal[] {
  return Object.entries(run.haproxy ?? {}).flatMap(([release, byLane]) => {
    const cpuOf = (name: string): number | undefined =>
      figureOf((byLane[name] ?? []).map((sample) => sample.agentCpu))?.median;
    const mine = cpuOf(ours.name);
    const peers = run.lanes
      .filter((lane) => lane.role === 'peer')
      .flatMap((lane) => {
        const value = cpuOf(lane.name);
        return value === undefined ? [] : [{ name: lane.name, value }];
      });
    const best = peers.toSorted((a, b) => a.value - b.value)[0];
    if (mine === undefined || best === undefined) return [];
    const ratio = mine / best.value;
    return [
      {
        ours: ours.name,
        against: best.name,
        what: `behind HAProxy ${release}, CPU per request, best peer`,
        reach: 'at most 1',
        ratio,
        reached: ratio <= 1,
      },
    ];
  });
}

/** Resident memory after a million NOTIFYs against that after the first tenth. */
function memoryGoals(ours: LaneInfo, run: PeersRun): Goal[] {
  const samples = run.memory?.[ours.name] ?? [];
  const last = samples.at(-1);
  const tenth = samples.find((sample) => sample.notifies >= (last?.notifies ?? 0) / 10);
  if (last === undefined || tenth === undefined || last === tenth) return [];
  const ratio = last.residentMiB / tenth.residentMiB;
  return [
    {
      ours: ours.name,
      against: 'itself',
      what: 'resident memory after all NOTIFYs, by that after a tenth',
      reach: 'at most 1.05',
      ratio,
      reached: ratio <= 1.05,
    },
  ];
}

export function goals(run: PeersRun): Goal[] {
  return run.lanes
    .filter((lane) => lane.role === 'ours')
    .flatMap((ours) => [
      ...RULES.flatMap((rule) => run.lanes.filter(rule.against).flatMap((other) => goalOf(rule, ours, other, run))),
      ...haproxyGoals(ours, run),
      ...memoryGoals(ours, run),
    ]);
}
