/** docs/benchmarks.md: one page for readers who choose an agent. All other figures are in the JSON beside it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { plots } from './plots.ts';
import type { LaneInfo, LoadFigures, PeersRun } from './results.ts';

const TINY = 'pipelined, tiny, 1 connection, one core';
const REALISTIC = 'pipelined, realistic, 1 connection, one core';
const HAPROXY_WINDOW = '20 in flight, tiny';
/** A lead of less than 5 % is not named. */
const LEAST_LEAD = 1.05;

/** Writes benchmarks.json, benchmarks.md and benchmarks/*.svg to a folder. */
export async function writeReport(run: PeersRun, folder: string): Promise<void> {
  const made = await plots(run);
  mkdirSync(`${folder}benchmarks/`, { recursive: true });
  for (const { file, svg } of made) writeFileSync(`${folder}benchmarks/${file}`, svg);
  writeFileSync(`${folder}benchmarks.json`, `${JSON.stringify(run)}\n`);
  const page = [...introduction(run), ...table(run), ...made.map(picture), '', ...leads(run)];
  writeFileSync(`${folder}benchmarks.md`, `${page.join('\n').trim()}\n`);
}

function introduction(run: PeersRun): string[] {
  const { machine, sections, versions, skipped } = run;
  const measured = new Map<string, string[]>();
  for (const [name, { startedAt, commit, dirty, load }] of Object.entries(sections)) {
    const state = `${startedAt.slice(0, 10)}, commit ${commit}${dirty ? ' with changes' : ''}`;
    const busy = load > machine.cores / 2 ? ` (load ${load.toFixed(1)} before it began)` : '';
    measured.set(state, [...(measured.get(state) ?? []), `${name}${busy}`]);
  }
  const tools = ['go', 'rust', 'cc'].map((name) => versions[name] ?? '').join(', ');
  return [
    '# Benchmarks',
    '',
    ...[...measured].map(([state, names]) => `Measured on ${state}: ${names.join(', ')}.`),
    '`pnpm run bench:peers --docs` measures this and writes the page. Every figure with its quartiles, and every case that an agent',
    'failed are in [benchmarks.json](benchmarks.json).',
    '',
    `Machine: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryMiB} MiB, ${machine.kernel} ${machine.arch}; ${tools}.`,
    'Figures are medians. They belong to this machine; their ratios carry over to other quiet machines.',
    '',
    'All agents answer the same two messages. _Tiny_ has one IPv4 address (36 bytes and the ids). _Realistic_ has eight arguments,',
    '600 bytes of headers among them (814 bytes). One load generator in C checks the ids and the value of every ACK.',
    '',
    ...skipped.map(({ name, reason }) => `Not measured: ${name}, ${reason}.\n`),
  ];
}

function table(run: PeersRun): string[] {
  const release = Object.keys(run.haproxy ?? {}).at(-1) ?? '';
  const head = [
    'agent',
    'right answers to protocol cases',
    'tiny NOTIFYs a second',
    'realistic NOTIFYs a second',
    'CPU s for a million tiny',
    'p99 with 20 in flight, µs',
    'MiB after a million',
    `CPU µs a request, HAProxy ${release}`,
  ];
  const rows = run.lanes.map(({ name, version }) => {
    const cases = run.correctness?.[name];
    const http = run.haproxy?.[release]?.[name];
    return [
      `${name} (${version})`,
      cases === undefined ? '' : `${cases.passed} of ${cases.asked}`,
      cell(run.load?.[TINY]?.[name], 'perSecond'),
      cell(run.load?.[REALISTIC]?.[name], 'perSecond'),
      cell(run.load?.[TINY]?.[name], 'cpuPerMillion'),
      cell(run.load?.[HAPROXY_WINDOW]?.[name], 'p99'),
      human(run.memory?.[name]?.at(-1)?.residentMiB),
      http === undefined ? '' : 'error' in http ? 'fails' : human(http.agentCpu.median),
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
    '',
    'Pipelined: one connection, the agent on one core and the generator on another. Latency: both on one core, since waking',
    'another core takes longer than most answers. HAProxy has at most 20 NOTIFYs in flight on a connection.',
    '',
    ...run.lanes.flatMap(({ name, note }) => (note === undefined ? [] : [`- ${name}: ${note}.`])),
    '',
  ];
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

function picture({ file, title }: { readonly file: string; readonly title: string }): string {
  return `\n![${title}](benchmarks/${file})`;
}

/** Every load in which another agent is ahead of ours on the newest Node. */
function leads(run: PeersRun): string[] {
  const ours = run.lanes.findLast((lane) => lane.role === 'ours');
  if (ours === undefined) return [];
  const items = run.lanes.flatMap((lane) => {
    const list = lane.role === 'ours' ? [] : leadsOf(run, lane, ours);
    return list.length === 0 ? [] : [`- ${lane.name}: ${list.join('; ')}.`];
  });
  return [
    '## Where others are ahead',
    '',
    `Each factor is relative to ${ours.name}: NOTIFYs a second, or p99 if the load says how many are in flight. Leads below 5 % are left out.`,
    '',
    ...items,
  ];
}

function leadsOf({ load = {}, haproxy = {} }: PeersRun, { name }: LaneInfo, ours: LaneInfo): string[] {
  const loads = Object.entries(load).map(([test, byLane]) => {
    const [theirs, mine] = [byLane[name], byLane[ours.name]];
    if (theirs === undefined || mine === undefined || 'error' in theirs || 'error' in mine) return [test, 0] as const;
    const isLatency = test.includes('in flight');
    return [
      test,
      isLatency ? mine.p99.median / theirs.p99.median : theirs.perSecond.median / mine.perSecond.median,
    ] as const;
  });
  const requests = Object.entries(haproxy).map(([release, byLane]) => {
    const [theirs, mine] = [byLane[name], byLane[ours.name]];
    const isKnown = theirs !== undefined && mine !== undefined && !('error' in theirs) && !('error' in mine);
    return [
      `CPU a request behind HAProxy ${release}`,
      isKnown ? mine.agentCpu.median / theirs.agentCpu.median : 0,
    ] as const;
  });
  return [...loads, ...requests].flatMap(([what, times]) =>
    times < LEAST_LEAD ? [] : [`${what} × ${times.toFixed(2)}`],
  );
}
