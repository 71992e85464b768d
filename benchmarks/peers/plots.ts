/** The plots of a run, each an SVG. */
import { toSvg } from '../harness/svg.ts';
import type { PeersRun } from './results.ts';

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

const ROLE_COLORS = { domain: ['ours', 'peer', 'reference'], range: ['#1b6ca8', '#c0392b', '#9a9a9a'] };

/** Dots on a logarithmic axis, one row for each agent, one panel for each group. */
function dots(run: PeersRun, points: readonly Point[], title: string): Promise<string> {
  const role = new Map(run.lanes.map((lane) => [lane.name, lane.role]));
  return toSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: { text: title, anchor: 'start', fontWeight: 'normal', offset: 12 },
    data: { values: points.map((point) => ({ ...point, role: role.get(point.lane) ?? 'reference' })) },
    facet: {
      column: { field: 'group', type: 'nominal', title: null, sort: [...new Set(points.map((point) => point.group))] },
    },
    spec: {
      width: 260,
      height: { step: 18 },
      layer: [
        {
          mark: { type: 'point', filled: true, size: 70 },
          encoding: {
            y: {
              field: 'lane',
              type: 'nominal',
              sort: run.lanes.map((lane) => lane.name),
              title: null,
              axis: { labelLimit: 200, grid: true },
            },
            x: { field: 'value', type: 'quantitative', scale: { type: 'log' }, title: null },
            color: { field: 'role', type: 'nominal', title: null, scale: ROLE_COLORS, legend: { orient: 'top' } },
          },
        },
      ],
    },
    config: { font: 'sans-serif' },
  });
}

function loadPoints(
  run: PeersRun,
  tests: Readonly<Record<string, string>>,
  pick: 'perSecond' | 'cpuPerMillion' | 'p99',
): Point[] {
  return Object.entries(tests).flatMap(([test, group]) =>
    Object.entries(run.load?.[test] ?? {}).flatMap(([lane, figures]) =>
      'error' in figures ? [] : [{ lane, group, value: figures[pick].median }],
    ),
  );
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

function haproxyPoints(run: PeersRun): Point[] {
  return Object.entries(run.haproxy ?? {}).flatMap(([release, byLane]) =>
    Object.entries(byLane).flatMap(([lane, figures]) =>
      'error' in figures ? [] : [{ lane, group: `HAProxy ${release}`, value: figures.agentCpu.median }],
    ),
  );
}

/** All plots for which the run has figures. */
export async function plots(run: PeersRun): Promise<Plot[]> {
  const list: [string, Point[], string][] = [
    ['pipelined.svg', loadPoints(run, PIPELINED, 'perSecond'), 'NOTIFYs per second on one core; more is better'],
    ['cpu.svg', loadPoints(run, PIPELINED, 'cpuPerMillion'), 'CPU seconds per million NOTIFYs; less is better'],
    ['latency.svg', loadPoints(run, CLOSED, 'p99'), 'p99 in microseconds, one core for both sides; less is better'],
    ['haproxy.svg', haproxyPoints(run), 'agent CPU in microseconds per HTTP request; less is better'],
  ];
  const made: Plot[] = [];
  for (const [file, points, title] of list) {
    if (points.length > 0) made.push({ file, title, svg: await dots(run, points, title) });
  }
  return made;
}
