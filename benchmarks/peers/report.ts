/** The parts of docs/benchmarks.md that are measured. What is written by hand stays in the page. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fillInFile, format, table } from '../harness/page.ts';
import { plots } from './plots.ts';
import { type LaneInfo, type PeersRun, medianOf } from './results.ts';

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

function machine({ machine: where, sections, versions, skipped }: PeersRun): string[] {
  const { cores, cpu, memoryMiB, kernel, arch } = where;
  const measured = Map.groupBy(
    Object.entries(sections),
    ([, { startedAt, commit, dirty }]) => `${startedAt.slice(0, 10)}, commit ${commit}${dirty ? ' with changes' : ''}`,
  );
  const named = ([name, { load }]: [string, { readonly load: number }]): string =>
    load > cores / 2 ? `${name} (load ${load.toFixed(1)} when it began)` : name;
  return [
    ...[...measured].map(([state, found]) => `Measured on ${state}: ${found.map(named).join(', ')}.`),
    `Machine: ${cores} cores of ${cpu}, ${memoryMiB} MiB, ${kernel} ${arch}; ${Object.values(versions).join(', ')}.`,
    ...skipped.map(({ name, reason }) => `Not measured: ${name}, ${reason}.`),
  ];
}

function agents({ lanes, load, memory, haproxy }: PeersRun): string[] {
  const release = Object.keys(haproxy ?? {}).at(-1) ?? '';
  const head = [
    'agent',
    'tiny NOTIFYs a second',
    'realistic NOTIFYs a second',
    'CPU s for a million tiny',
    'p99 with 20 in flight, µs',
    'MiB after a million',
    `CPU µs a request, HAProxy ${release}`,
  ];
  const rows = lanes.map(({ name, version }) => [
    `${name} (${version})`,
    human(medianOf(load, TINY, name, 'perSecond')),
    human(medianOf(load, REALISTIC, name, 'perSecond')),
    human(medianOf(load, TINY, name, 'cpuPerMillion')),
    human(medianOf(load, HAPROXY_WINDOW, name, 'p99')),
    human(memory?.[name]),
    human(medianOf(haproxy, release, name, 'agentCpu')),
  ]);
  return table(head, rows);
}

/** About three significant digits. */
function human(value: number | 'fails' | undefined): string {
  if (typeof value !== 'number') return value ?? '';
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
  const ratio = (more: number | 'fails' | undefined, less: number | 'fails' | undefined): number =>
    typeof more === 'number' && typeof less === 'number' ? more / less : 0;
  const loads = Object.keys(load).map((test): [string, number] => {
    const of = (lane: string, figure: 'p99' | 'perSecond') => medianOf(load, test, lane, figure);
    if (test.includes('in flight')) return [test, ratio(of(ours.name, 'p99'), of(name, 'p99'))];
    return [test, ratio(of(name, 'perSecond'), of(ours.name, 'perSecond'))];
  });
  const requests = Object.keys(haproxy).map((release): [string, number] => {
    const of = (lane: string) => medianOf(haproxy, release, lane, 'agentCpu');
    return [`CPU of a request with HAProxy ${release}`, ratio(of(ours.name), of(name))];
  });
  return [...loads, ...requests]
    .filter(([, times]) => times >= LEAST_LEAD)
    .map(([what, times]) => `${what} × ${times.toFixed(2)}`);
}
