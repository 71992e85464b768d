/** The parts of docs/benchmarks.md that are measured. What is written by hand stays in the page. */
import { fillInFile, format, table } from '../harness/page.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { plots } from './plots.ts';
import type { LaneInfo, LoadFigures, PeersRun } from './results.ts';

const TINY = 'pipelined, tiny, 1 connection, one core';
const REALISTIC = 'pipelined, realistic, 1 connection, one core';
const HAPROXY_WINDOW = '20 in flight, tiny';
/** A lead of less than 5 % is not named. */
const LEAST_LEAD = 1.05;

/** Writes benchmarks.json and benchmarks/*.svg to a folder, and the page in docs, or prints its parts. */
export async function writeReport(run: PeersRun, folder: string, isPage: boolean): Promise<void> {
  const made = await plots(run);
  mkdirSync(`${folder}benchmarks/`, { recursive: true });
  for (const { file, svg } of made) writeFileSync(`${folder}benchmarks/${file}`, svg);
  writeFileSync(`${folder}benchmarks.json`, `${JSON.stringify(run, null, 1)}\n`);
  const parts = {
    machine: machine(run),
    agents: agents(run),
    plots: made.map(({ file, title }) => `![${title}](benchmarks/${file})\n`),
    leads: leads(run),
  };
  if (isPage) {
    fillInFile('docs/benchmarks.md', parts);
    format('docs/benchmarks.json');
  } else for (const lines of Object.values(parts)) process.stdout.write(`${lines.join('\n')}\n\n`);
}

function machine({
  machine: { cores, cpu, memoryMiB, kernel, arch },
  sections,
  versions,
  skipped,
}: PeersRun): string[] {
  const measured = new Map<string, string[]>();
  for (const [name, { startedAt, commit, dirty, load }] of Object.entries(sections)) {
    const state = `${startedAt.slice(0, 10)}, commit ${commit}${dirty ? ' with changes' : ''}`;
    const busy = load > cores / 2 ? ` (load ${load.toFixed(1)} when it began)` : '';
    measured.set(state, [...(measured.get(state) ?? []), `${name}${busy}`]);
  }
  return [
    ...[...measured].map(([state, names]) => `Measured on ${state}: ${names.join(', ')}.`),
    `Machine: ${cores} cores of ${cpu}, ${memoryMiB} MiB, ${kernel} ${arch}; ${Object.values(versions).join(', ')}.`,
    ...skipped.map(({ name, reason }) => `Not measured: ${name}, ${reason}.`),
  ];
}

function agents(run: PeersRun): string[] {
  const release = Object.keys(run.haproxy ?? {}).at(-1) ?? '';
  const head = [
    'agent',
    'tiny NOTIFYs a second',
    'realistic NOTIFYs a second',
    'CPU s for a million tiny',
    'p99 with 20 in flight, µs',
    'MiB after a million',
    `CPU µs a request, HAProxy ${release}`,
  ];
  const rows = run.lanes.map(({ name, version }) => {
    const http = run.haproxy?.[release]?.[name];
    return [
      `${name} (${version})`,
      cell(run.load?.[TINY]?.[name], 'perSecond'),
      cell(run.load?.[REALISTIC]?.[name], 'perSecond'),
      cell(run.load?.[TINY]?.[name], 'cpuPerMillion'),
      cell(run.load?.[HAPROXY_WINDOW]?.[name], 'p99'),
      human(run.memory?.[name]),
      http === undefined ? '' : 'error' in http ? 'fails' : human(http.agentCpu.median),
    ];
  });
  return table(head, rows);
}

function cell(figures: LoadFigures | undefined, name: 'perSecond' | 'cpuPerMillion' | 'p99'): string {
  if (figures === undefined) return '';
  return 'error' in figures ? 'fails' : human(figures[name].median);
}

/** A number in short form: 12.3 M, 456 k, 7.89. */
function human(value: number | undefined): string {
  if (value === undefined) return '';
  if (value >= 1e6) return `${human(value / 1e6)} M`;
  if (value >= 1e4) return `${human(value / 1e3)} k`;
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Every load in which another agent is ahead of ours on the newest Node. */
function leads(run: PeersRun): string[] {
  const ours = run.lanes.findLast((lane) => lane.role === 'ours');
  if (ours === undefined) return [];
  const items = run.lanes.flatMap((lane) => {
    const list = lane.role === 'ours' ? [] : leadsOf(run, lane, ours);
    return list.length === 0 ? [] : [`- ${lane.name}: ${list.join('; ')}.`];
  });
  return [`Each factor is relative to ${ours.name}.`, '', ...items];
}

function leadsOf({ load = {}, haproxy = {} }: PeersRun, { name }: LaneInfo, ours: LaneInfo): string[] {
  const loads = Object.entries(load).map(([test, byLane]): [string, number] => {
    const [theirs, mine] = [byLane[name], byLane[ours.name]];
    if (theirs === undefined || mine === undefined || 'error' in theirs || 'error' in mine) return [test, 0];
    const isLatency = test.includes('in flight');
    return [test, isLatency ? mine.p99.median / theirs.p99.median : theirs.perSecond.median / mine.perSecond.median];
  });
  const requests = Object.entries(haproxy).map(([release, byLane]): [string, number] => {
    const [theirs, mine] = [byLane[name], byLane[ours.name]];
    const what = `CPU of a request with HAProxy ${release}`;
    if (theirs === undefined || mine === undefined || 'error' in theirs || 'error' in mine) return [what, 0];
    return [what, mine.agentCpu.median / theirs.agentCpu.median];
  });
  return [...loads, ...requests].flatMap(([what, times]) =>
    times < LEAST_LEAD ? [] : [`${what} × ${times.toFixed(2)}`],
  );
}
