/**
 * Side by side with every peer: builds them from their registries, holds them to the protocol, loads them, and puts them
 * after real HAProxy.
 *
 *     pnpm run bench:peers [--quick] [--sections correctness,codec,load,memory,haproxy] [--filter NAME]
 *          [--rounds 5] [--seconds 1] [--nodes 24.21.0,26.10.0] [--docs]
 *
 * Writes benchmarks.json, benchmarks.md and plots to benchmarks/peers/build, or with `--docs` to docs. Sections that are
 * not measured stay as they are in that JSON, so that `--docs --sections ''` writes the page again without measuring.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { checkoutInfo, machineInfo } from '../codec/machine.ts';
import { AgentProcess } from '../load/agent-process.ts';
import { LoadTool } from '../load/load-tool.ts';
import { measureRounds, type Sample } from '../load/rounds.ts';
import { closedLoop, pipelined } from '../load/tests.ts';
import { hasWrk, type HttpSample, measureBehind } from './behind-haproxy.ts';
import { measureCodec } from './codec-figures.ts';
import { judgeAgent, toCorrectness } from './correctness.ts';
import { buildLanes, type PeerLane } from './lanes.ts';
import { measureMemory } from './memory.ts';
import { writeReport } from './report.ts';
import {
  type ByLane,
  figuresOf,
  type HttpFigures,
  type LoadFigures,
  NO_SPOE,
  type PeersRun,
  type SectionInfo,
} from './results.ts';

const SECTIONS = ['correctness', 'codec', 'load', 'memory', 'haproxy'] as const;
type Section = (typeof SECTIONS)[number];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    sections: { type: 'string', default: SECTIONS.join(',') },
    filter: { type: 'string', default: '' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    nodes: { type: 'string', default: '24.21.0,26.10.0' },
    docs: { type: 'boolean', default: false },
  },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const begunAt = Date.now();
const progress = (text: string): void => {
  const line = `[${Math.round((Date.now() - begunAt) / 1000)} s] ${text}`;
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
};

function version(program: string, ...args: string[]): string {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n')[0]?.trim() ?? '';
  } catch {
    return 'not on this machine';
  }
}

/** One value per lane; a lane that cannot be measured is said and left out. */
async function perLane<T>(
  title: string,
  lanes: readonly PeerLane[],
  measure: (lane: PeerLane) => Promise<T>,
): Promise<ByLane<T>> {
  const results: ByLane<T> = {};
  for (const lane of lanes) {
    progress(`${title}: ${lane.name}`);
    try {
      results[lane.name] = await measure(lane);
    } catch (error) {
      process.stderr.write(`\n${title}, ${lane.name}: ${String(error)}\n`);
    }
  }
  return results;
}

async function measureLoad(
  lanes: readonly PeerLane[],
  tool: LoadTool,
  rounds: number,
  seconds: number,
): Promise<Record<string, ByLane<LoadFigures>>> {
  const kinds = ['tiny', 'realistic'] as const;
  const tests = [
    ...kinds.flatMap((kind) => [1, 4].map((connections) => pipelined(kind, connections, 'one'))),
    ...kinds.flatMap((kind) => [1, 4].map((connections) => pipelined(kind, connections, 'all'))),
    ...[1, 20, 32, 256].map((window) => closedLoop(window)),
    closedLoop(20, 'realistic'),
  ];
  const samples = await measureRounds(lanes, tests, { tool, rounds, seconds, progress });
  return Object.fromEntries(
    [...samples].map(([test, byLane]) => [
      test,
      Object.fromEntries([...byLane].map(([lane, list]) => [lane, loadFigures(list)])),
    ]),
  );
}

function loadFigures(samples: readonly Sample[]): LoadFigures {
  const error = samples.find((sample) => sample.error !== '')?.error;
  return error === undefined
    ? figuresOf(
        samples.map(({ perSecond, cpuPerMillion, p50, p99, p999 }) => ({ perSecond, cpuPerMillion, p50, p99, p999 })),
      )
    : { error };
}

async function measureHaproxy(
  lanes: readonly PeerLane[],
  rounds: number,
  seconds: number,
): Promise<Record<string, ByLane<HttpFigures>>> {
  const results: Record<string, ByLane<HttpFigures>> = {};
  for (const haproxy of await findHaproxies(['trixie', 'forky'])) {
    const byLane: ByLane<HttpSample[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const lane of [undefined, ...lanes]) {
        const name = lane?.name ?? NO_SPOE;
        progress(`behind HAProxy ${haproxy.version}, round ${round + 1} of ${rounds}: ${name}`);
        try {
          (byLane[name] ??= []).push(await measureBehind(haproxy, lane, seconds));
        } catch (error) {
          process.stderr.write(`\nHAProxy ${haproxy.version}, ${name}: ${String(error)}\n`);
        }
      }
    }
    results[haproxy.version] = Object.fromEntries(
      Object.entries(byLane).map(([lane, samples]) => [lane, figuresOf(samples)]),
    );
  }
  return results;
}

async function measure(sections: readonly string[]): Promise<PeersRun> {
  const wanted = new Set(sections);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const secondsPerSample = Number(values.seconds ?? (values.quick ? 0.4 : 1));
  const httpRounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  const httpSeconds = values.quick ? 1 : 3;
  const machine = machineInfo();
  const { lanes, skipped } = await buildLanes(values.nodes, values.filter, progress);
  if (wanted.has('haproxy') && !(await hasWrk())) {
    skipped.push({ name: 'behind HAProxy', reason: 'no wrk on this machine (Debian package wrk)' });
    wanted.delete('haproxy');
  }
  for (const { name, reason } of skipped) process.stderr.write(`skipped ${name}: ${reason}\n`);
  const tool = new LoadTool();
  const infos: Record<string, SectionInfo> = {};
  /** Notes when and how a section is measured, and measures it. */
  const section = async <T>(name: Section, of: [number, number], work: () => Promise<T>): Promise<T | undefined> => {
    if (!wanted.has(name)) return undefined;
    const { load } = machineInfo();
    const startedAt = new Date().toISOString();
    infos[name] = { startedAt, ...checkoutInfo(here('../../')), load, rounds: of[0], secondsPerSample: of[1] };
    return work();
  };
  const correctness = await section('correctness', [1, 0], () =>
    perLane('protocol cases', lanes, async (lane) =>
      toCorrectness(await judgeAgent({ start: () => AgentProcess.start(lane.command) }, () => {})),
    ),
  );
  const codec = await section('codec', [1, 0], () =>
    perLane('codec in memory', lanes, (lane) => measureCodec(lane, tool)),
  );
  const load = await section('load', [rounds, secondsPerSample], () =>
    measureLoad(lanes, tool, rounds, secondsPerSample),
  );
  const memory = await section('memory', [1, 0], () =>
    perLane('memory', lanes, (lane) => measureMemory(lane.command, tool, values.quick ? 0.1 : 1)),
  );
  const haproxy = await section('haproxy', [httpRounds, httpSeconds], () =>
    measureHaproxy(lanes, httpRounds, httpSeconds),
  );
  return {
    machine,
    sections: infos,
    versions: {
      node: process.versions.node,
      go: version('go', 'version'),
      rust: version('rustc', '--version'),
      cc: version('cc', '--version'),
    },
    lanes: lanes.map(({ name, language, role, version: laneVersion, note }) => ({
      name,
      language,
      role,
      version: laneVersion,
      ...(note === undefined ? {} : { note }),
    })),
    skipped,
    ...(correctness === undefined ? {} : { correctness }),
    ...(codec === undefined ? {} : { codec }),
    ...(load === undefined ? {} : { load }),
    ...(memory === undefined ? {} : { memory }),
    ...(haproxy === undefined ? {} : { haproxy }),
  };
}

const folder = values.docs ? here('../../docs/') : here('build/');
const file = `${folder}benchmarks.json`;
const saved = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PeersRun) : undefined;
const sections = values.sections.split(',').filter((name) => name !== '');
const measured = sections.length > 0 || saved === undefined ? await measure(sections) : saved;
// Lanes that were not built this time, but have figures from before.
const known = new Set(measured.lanes.map(({ name }) => name));
const lanes = [...measured.lanes, ...(saved?.lanes ?? []).filter(({ name }) => !known.has(name))];
await writeReport({ ...saved, ...measured, lanes, sections: { ...saved?.sections, ...measured.sections } }, folder);
// In the repository they have to look as the formatter wants it.
if (values.docs)
  execFileSync('pnpm', ['exec', 'oxfmt', 'docs/benchmarks.md', 'docs/benchmarks.json'], {
    cwd: here('../../'),
    stdio: 'ignore',
  });
process.stderr.write(`\nreport: ${folder}benchmarks.md\n`);
