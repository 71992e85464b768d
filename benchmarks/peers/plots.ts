/** The plots of a run, each an SVG. */
import { toSvg } from '../harness/svg.ts';
import type { Sample } from '../load/rounds.ts';
import { medianOf, type ByTest, type PeersRun } from './results.ts';

/** One plot, with the name of its file. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

interface Point {
  readonly lane: string;
  readonly group: string;
  readonly value: number;
}

const PIPELINED = {
  'pipelined, tiny, 1 connection, one core': 'tiny, 1 connection',
  'pipelined, realistic, 1 connection, one core': 'eight arguments, 1 connection',
};
const CLOSED = {
  '1 in flight, tiny': '1 in flight',
  '20 in flight, tiny': '20 in flight',
  '256 in flight, tiny': '256 in flight',
};
const ROLE_COLORS = { domain: ['ours', 'peer', 'reference'], range: ['#1b6ca8', '#c0392b', '#9a9a9a'] };

/** All plots for which the run has figures. */
export async function plots(run: PeersRun): Promise<Plot[]> {
  const { load, haproxy } = run;
  const releases = Object.fromEntries(Object.keys(haproxy ?? {}).map((release) => [release, `HAProxy ${release}`]));
  const loads = (groups: Readonly<Record<string, string>>, name: keyof Sample): Point[] =>
    pointsOf(run, load, groups, name);
  const list: [string, Point[], string][] = [
    ['pipelined.svg', loads(PIPELINED, 'perSecond'), 'NOTIFYs per second on one core; more is better'],
    ['cpu.svg', loads(PIPELINED, 'cpuPerMillion'), 'CPU seconds per million NOTIFYs; less is better'],
    ['latency.svg', loads(CLOSED, 'p99'), 'p99 in microseconds, one core for both sides; less is better'],
    [
      'haproxy.svg',
      pointsOf(run, haproxy, releases, 'agentCpu'),
      'agent CPU in microseconds per HTTP request; less is better',
    ],
  ];
  const made: Plot[] = [];
  for (const [file, points, title] of list) {
    if (points.length > 0) made.push({ file, title, svg: await dots(run, points, title) });
  }
  return made;
}

/** The points of all agents in the panels `groups`, which are named by test. */
function pointsOf<S>(
  { lanes }: PeersRun,
  tests: ByTest<S> | undefined,
  groups: Readonly<Record<string, string>>,
  name: keyof S,
): Point[] {
  return Object.entries(groups).flatMap(([test, group]) =>
    lanes.flatMap(({ name: lane }) => {
      const value = medianOf(tests, test, lane, name);
      return typeof value === 'number' ? [{ lane, group, value }] : [];
    }),
  );
}

/** Dots on a logarithmic axis, one row for each agent, one panel for each group. */
function dots({ lanes }: PeersRun, points: readonly Point[], title: string): Promise<string> {
  const role = new Map(lanes.map((lane) => [lane.name, lane.role]));
  const sort = lanes.map((lane) => lane.name);
  return toSvg({
    title: { text: title, anchor: 'start', fontWeight: 'normal', offset: 12 },
    data: { values: points.map((point) => ({ ...point, role: role.get(point.lane) })) },
    mark: { type: 'point', filled: true, size: 70 },
    width: 260,
    height: { step: 18 },
    encoding: {
      column: { field: 'group', type: 'nominal', title: null, sort: [...new Set(points.map(({ group }) => group))] },
      y: { field: 'lane', type: 'nominal', sort, title: null, axis: { labelLimit: 200, grid: true } },
      x: { field: 'value', type: 'quantitative', scale: { type: 'log' }, title: null },
      color: { field: 'role', type: 'nominal', title: null, scale: ROLE_COLORS, legend: { orient: 'top' } },
    },
  });
}
