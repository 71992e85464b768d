/**
 * Measures all peers side by side: builds them from their registries, loads them, and puts real HAProxy in front of them.
 *
 *     pnpm run bench:peers [--quick] [--sections load,memory,haproxy] [--filter NAME]
 *          [--nodes 24.21.0,26.10.0] [--docs]
 *
 * Prints what it found, and writes benchmarks.json and plots to benchmarks/peers/build. With `--docs` it writes those to
 * docs, and the figures into docs/benchmarks.md; sections that are not measured keep their figures in that JSON, so that
 * `--docs --sections ''` writes the page again without measuring.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { checkoutInfo, machineInfo } from '../harness/machine.ts';
import { startProgress } from '../harness/progress.ts';
import { LoadTool } from '../load/load-tool.ts';
import { measureRounds, type Sample } from '../load/rounds.ts';
import { closedLoop, pipelined } from '../load/tests.ts';
import { hasWrk, type HttpSample, measureWithHaproxy } from './with-haproxy.ts';
import { buildLanes, type PeerLane } from './lanes.ts';
import { residentAfter } from './memory.ts';
import { writeReport } from './report.ts';
import { type ByLane, type Figures, figuresOf, type LoadFigures, type PeersRun, type SectionInfo } from './results.ts';

const SECTIONS = ['load', 'memory', 'haproxy'] as const;
type Section = (typeof SECTIONS)[number];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    sections: { type: 'string', default: SECTIONS.join(',') },
    filter: { type: 'string', default: '' },
    nodes: { type: 'string', default: '24.21.0,26.10.0' },
    docs: { type: 'boolean', default: false },
  },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const progress = startProgress();

function version(program: string, ...args: string[]): string {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n')[0]?.trim() ?? '';
  } catch {
    return `no ${program}`;
  }
}

async function measureLoad(
  lanes: readonly PeerLane[],
  tool: LoadTool,
  rounds: number,
  seconds: number,
): Promise<Record<string, ByLane<LoadFigures>>> {
  const kinds = ['tiny', 'realistic'] as const;
  const tests = [
    ...(['one', 'all'] as const).flatMap((cores) =>
      kinds.flatMap((kind) => [1, 4].map((connections) => pipelined(kind, connections, cores))),
    ),
    ...[1, 20, 256].map((window) => closedLoop(window)),
    closedLoop(20, 'realistic'),
  ];
  const samples = await measureRounds(lanes, tests, { tool, rounds, seconds, progress });
  const entries = [...samples].map(([test, byLane]): [string, ByLane<LoadFigures>] => [
    test,
    Object.fromEntries([...byLane].map(([lane, list]) => [lane, loadFigures(list)])),
  ]);
  return Object.fromEntries(entries);
}

function loadFigures(samples: readonly Sample[]): LoadFigures {
  const error = samples.find((sample) => sample.error !== '')?.error;
  if (error !== undefined) return { error };
  return figuresOf(
    samples.map(({ perSecond, cpuPerMillion, p50, p99, p999 }) => ({ perSecond, cpuPerMillion, p50, p99, p999 })),
  );
}

/** MiB of each lane; a lane that cannot be measured is left out, and the reason is printed. */
async function measureMemory(lanes: readonly PeerLane[], tool: LoadTool, notifies: number): Promise<ByLane<number>> {
  const results: ByLane<number> = {};
  for (const { name, command } of lanes) {
    progress(`memory: ${name}`);
    try {
      results[name] = await residentAfter(notifies, command, tool);
    } catch (error) {
      process.stderr.write(`\nmemory, ${name}: ${String(error)}\n`);
    }
  }
  return results;
}

async function measureHaproxy(
  lanes: readonly PeerLane[],
  rounds: number,
  seconds: number,
): Promise<Record<string, ByLane<Figures<HttpSample>>>> {
  const results: Record<string, ByLane<Figures<HttpSample>>> = {};
  for (const haproxy of await findHaproxies(['trixie', 'forky'])) {
    const samples = new Map<string, HttpSample[]>(lanes.map(({ name }) => [name, []]));
    const errors = new Map<string, string>();
    for (let round = 0; round < rounds; round++) {
      for (const lane of lanes.filter(({ name }) => !errors.has(name))) {
        progress(`HAProxy ${haproxy.version}, round ${round + 1} of ${rounds}: ${lane.name}`);
        try {
          samples.get(lane.name)?.push(await measureWithHaproxy(haproxy, lane, seconds));
        } catch (error) {
          errors.set(lane.name, String(error));
        }
      }
    }
    const figures = lanes.map(({ name }): [string, Figures<HttpSample>] => {
      const error = errors.get(name);
      return [name, error === undefined ? figuresOf([...(samples.get(name) ?? [])]) : { error }];
    });
    results[haproxy.version] = Object.fromEntries(figures);
  }
  return results;
}

async function measure(wanted: ReadonlySet<string>): Promise<PeersRun> {
  const [rounds, seconds] = values.quick ? [1, 0.4] : [5, 1];
  const [httpRounds, httpSeconds] = values.quick ? [1, 1] : [3, 3];
  const { lanes, skipped } = await buildLanes(values.nodes, values.filter, progress);
  const noWrk = { name: 'HAProxy in front of the agents', reason: 'no wrk on this machine (Debian package wrk)' };
  const canLoadHaproxy = await hasWrk();
  if (!canLoadHaproxy) skipped.push(noWrk);
  for (const { name, reason } of skipped) process.stderr.write(`\nskipped ${name}: ${reason}\n`);
  const tool = new LoadTool();
  const sections: Record<string, SectionInfo> = {};
  /** Measures a section if it is wanted, and notes when and how. */
  const section = async <T>(name: Section, of: readonly [number, number], work: () => Promise<T>) => {
    if (!wanted.has(name) || (name === 'haproxy' && !canLoadHaproxy)) return {};
    const startedAt = new Date().toISOString();
    const { load } = machineInfo();
    sections[name] = { startedAt, ...checkoutInfo(here('../../')), load, rounds: of[0], secondsPerSample: of[1] };
    return { [name]: await work() };
  };
  return {
    machine: machineInfo(),
    sections,
    versions: { go: version('go', 'version'), rust: version('rustc', '--version'), cc: version('cc', '--version') },
    lanes: lanes.map(({ name, role, version: laneVersion }) => ({ name, role, version: laneVersion })),
    skipped,
    ...(await section('load', [rounds, seconds], () => measureLoad(lanes, tool, rounds, seconds))),
    ...(await section('memory', [1, 0], () => measureMemory(lanes, tool, values.quick ? 1e5 : 1e6))),
    ...(await section('haproxy', [httpRounds, httpSeconds], () => measureHaproxy(lanes, httpRounds, httpSeconds))),
  };
}

const folder = values.docs ? here('../../docs/') : here('build/');
const file = `${folder}benchmarks.json`;
const saved = values.docs && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PeersRun) : undefined;
const wanted = new Set(values.sections.split(',').filter((name) => name !== ''));
const measured = wanted.size > 0 || saved === undefined ? await measure(wanted) : saved;
// Lanes that were not built this time, but have figures in a section that was kept.
const isKept = SECTIONS.some((name) => !wanted.has(name));
const known = new Set(measured.lanes.map(({ name }) => name));
const others = isKept ? (saved?.lanes ?? []).filter(({ name }) => !known.has(name)) : [];
const results = {
  ...saved,
  ...measured,
  lanes: [...measured.lanes, ...others],
  sections: { ...saved?.sections, ...measured.sections },
};
await writeReport(results, folder, values.docs);
process.stderr.write(`\n${file}\n`);
