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
import { probe } from '../../packages/builder/src/conformance/run.ts';
import { playOn } from '../conformance/cases.ts';
import { checkoutInfo, machineInfo } from '../harness/machine.ts';
import { startProgress } from '../harness/progress.ts';
import { AgentProcess, memoryMiBOf } from '../load/agent-process.ts';
import { LoadTool } from '../load/load-tool.ts';
import { closedLoop, measureRounds, pipelined, type Sample, takeTurns } from '../load/rounds.ts';
import { buildLanes, type PeerLane } from './lanes.ts';
import { writeReport } from './report.ts';
import { type ByTest, type Figures, figuresOf, type PeersRun, type SectionInfo } from './results.ts';
import { type HttpSample, measureWithHaproxy } from './with-haproxy.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    sections: { type: 'string', default: 'load,memory,haproxy' },
    filter: { type: 'string', default: '' },
    nodes: { type: 'string', default: '24.21.0,26.10.0' },
    docs: { type: 'boolean', default: false },
  },
});
/** Rounds and seconds of each section. */
const LOAD: readonly [number, number] = values.quick ? [1, 0.4] : [5, 1];
const HTTP: readonly [number, number] = values.quick ? [1, 1] : [3, 3];
const MEMORY_NOTIFIES = values.quick ? 1e5 : 1e6;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const progress = startProgress();

/** The first line that a program prints about its version; undefined if it is not installed. */
function version(program: string, ...args: string[]): string | undefined {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n')[0]?.trim();
  } catch (error) {
    // wrk prints its version and fails.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : '';
  }
}

async function measureLoad(lanes: readonly PeerLane[], tool: LoadTool): Promise<ByTest<Sample>> {
  const kinds = ['tiny', 'realistic'] as const;
  const tests = [
    ...(['one', 'all'] as const).flatMap((cores) =>
      kinds.flatMap((kind) => [1, 4].map((connections) => pipelined(kind, connections, cores))),
    ),
    ...[1, 20, 256].map((window) => closedLoop(window)),
    closedLoop(20, 'realistic'),
  ];
  const samples = await measureRounds(lanes, tests, { tool, rounds: LOAD[0], seconds: LOAD[1], progress });
  return Object.fromEntries(
    [...samples].map(([test, byLane]) => [
      test,
      Object.fromEntries([...byLane].map(([lane, { list, error }]) => [lane, figuresOf(list, error)])),
    ]),
  );
}

/** MiB of each lane; a lane that cannot be measured is left out, and the reason is printed. */
async function measureMemory(lanes: readonly PeerLane[], tool: LoadTool): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  for (const lane of lanes) {
    progress(`memory: ${lane.name}`);
    try {
      results[lane.name] = await residentAfter(MEMORY_NOTIFIES, lane, tool);
    } catch (error) {
      process.stderr.write(`\nmemory, ${lane.name}: ${String(error)}\n`);
    }
  }
  return results;
}

/**
 * Resident memory in MiB of a new process after this number of NOTIFYs, over four connections with as many NOTIFYs in
 * flight as HAProxy has at most.
 */
async function residentAfter(count: number, { command }: PeerLane, tool: LoadTool): Promise<number> {
  const agent = await AgentProcess.start(command);
  try {
    const { port } = agent;
    const { capabilities } = await probe(playOn(port));
    const window = capabilities.includes('pipelining') ? 20 : 1;
    const load = { port, kind: 'tiny', connections: 4, window, count, seconds: 60 } as const;
    const { acked, firstError } = await tool.run(load);
    if (acked < count) throw new Error(`expected ${count} ACKs; found ${acked}: ${firstError}`);
    return memoryMiBOf(agent.pid, 'VmRSS');
  } finally {
    await agent.stop();
  }
}

async function measureHaproxy(lanes: readonly PeerLane[]): Promise<ByTest<HttpSample>> {
  const [rounds, seconds] = HTTP;
  const results: ByTest<HttpSample> = {};
  for (const haproxy of await findHaproxies(['trixie', 'forky'])) {
    const samples = await takeTurns(lanes, rounds, ({ name, command }, round) => {
      progress(`HAProxy ${haproxy.version}, ${round}: ${name}`);
      return measureWithHaproxy(haproxy, command, seconds);
    });
    const byLane = [...samples].map(([{ name }, { list, error }]) => [name, figuresOf(list, error)]);
    results[haproxy.version] = Object.fromEntries(byLane) as Record<string, Figures<HttpSample>>;
  }
  return results;
}

async function measure(wanted: ReadonlySet<string>): Promise<PeersRun> {
  const { lanes, skipped } = await buildLanes(values.nodes, values.filter, progress);
  const canLoadHaproxy = version('wrk', '-v') !== undefined;
  if (!canLoadHaproxy) skipped.push({ name: 'HAProxy in front of the agents', reason: 'no wrk on this machine' });
  for (const { name, reason } of skipped) process.stderr.write(`\nskipped ${name}: ${reason}\n`);
  const tool = new LoadTool();
  const sections: Record<string, SectionInfo> = {};
  /** Measures a section if it is wanted, and notes when and how. */
  const section = async <T>(
    name: string,
    [rounds, secondsPerSample]: readonly [number, number],
    work: () => Promise<T>,
  ) => {
    if (!wanted.has(name)) return {};
    const startedAt = new Date().toISOString();
    const { load } = machineInfo();
    sections[name] = { startedAt, ...checkoutInfo(), load, rounds, secondsPerSample };
    return { [name]: await work() };
  };
  const versionOf = (program: string, ...args: string[]): string => version(program, ...args) ?? `no ${program}`;
  return {
    machine: machineInfo(),
    sections,
    versions: {
      go: versionOf('go', 'version'),
      rust: versionOf('rustc', '--version'),
      cc: versionOf('cc', '--version'),
    },
    lanes: lanes.map((lane) => ({ name: lane.name, role: lane.role, version: lane.version })),
    skipped,
    ...(await section('load', LOAD, () => measureLoad(lanes, tool))),
    ...(await section('memory', [1, 0], () => measureMemory(lanes, tool))),
    ...(canLoadHaproxy ? await section('haproxy', HTTP, () => measureHaproxy(lanes)) : {}),
  };
}

const folder = values.docs ? here('../../docs/') : here('build/');
const file = `${folder}benchmarks.json`;
const saved = values.docs && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PeersRun) : undefined;
const wanted = new Set(values.sections.split(',').filter((name) => name !== ''));
const measured = wanted.size > 0 || saved === undefined ? await measure(wanted) : saved;
// Lanes that were not built this time may have figures in a section that was kept.
const known = new Set(measured.lanes.map(({ name }) => name));
const others = wanted.size < 3 ? (saved?.lanes ?? []).filter(({ name }) => !known.has(name)) : [];
const results = {
  ...saved,
  ...measured,
  lanes: [...measured.lanes, ...others],
  sections: { ...saved?.sections, ...measured.sections },
};
await writeReport(results, folder, values.docs);
process.stderr.write(`\n${file}\n`);
