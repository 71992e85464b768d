/**
 * Compares our agent with the least that plain Node can do.
 *
 *     pnpm run bench:load [--quick] [--rounds 7] [--seconds 1] [--filter TEXT]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { machineLine } from '../harness/machine.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { startProgress } from '../harness/progress.ts';
import { pairedRatio } from '../harness/statistics.ts';
import { canPin } from './agent-process.ts';
import { LoadTool } from './load-tool.ts';
import { closedLoop, type Lane, type LoadTest, measureRounds, pipelined, type Sample, type Samples } from './rounds.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    filter: { type: 'string', default: '' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 1));

const flags = plainJsFlags();
const lane = (name: string, script: string, ...args: readonly string[]): Lane => ({
  name,
  command: { program: process.execPath, args: [...flags, fileURLToPath(new URL(script, import.meta.url)), ...args] },
});

const SPOP = '@spop/agent';
const LEAST = 'least Node';
const spop = lane(SPOP, 'spop-agent.ts');
// What docs/guides/running.md advises.
const inlined = { ...spop.command, args: ['--max-inlined-bytecode-size-cumulative=4000', ...spop.command.args] };
const lanes = [
  spop,
  { name: `${SPOP}, inlining`, command: inlined },
  lane(`${SPOP}, async`, 'spop-agent.ts', 'async'),
  lane(LEAST, 'least-node.ts'),
  lane(`${LEAST}, 512 KiB`, 'least-node.ts', '512'),
  lane(`${LEAST}, 512 KiB, told`, 'least-node.ts', '512', 'told'),
];
const tests = [
  ...(['tiny', 'realistic'] as const).flatMap((kind) =>
    [1, 4].map((connections) => pipelined(kind, connections, 'one')),
  ),
  ...[1, 20, 256].flatMap((window) => [closedLoop(window), closedLoop(window, 'tiny', 1, 'one')]),
  // How HAProxy sends 256: it has at most 20 in flight on a connection.
  closedLoop(16, 'tiny', 16),
].filter((test) => test.name.includes(values.filter));

if (!canPin) process.stderr.write('no taskset: processes are not pinned, latencies include waking other cores\n');
const options = { tool: new LoadTool(), rounds, seconds, progress: startProgress() };
const samples = await measureRounds(lanes, tests, options);
console.log(`${machineLine()} ${rounds} rounds of ${seconds} s.\n`);
for (const test of tests) report(test, samples.get(test.name)!);

/** Prints how far our agent is from the least Node in one test, and the figures of each lane. */
function report(test: LoadTest, byLane: ReadonlyMap<string, Samples<Sample>>): void {
  const isClosed = test.window > 0;
  const compared = (name: string): number[] =>
    byLane.get(name)!.list.map((sample) => (isClosed ? sample.p99 : sample.perSecond));
  const ours = compared(SPOP);
  const ratio = pairedRatio(ours, compared(LEAST));
  const goal = isClosed ? 1.3 : test.kind === 'tiny' ? 0.6 : 0.7;
  const isReached = isClosed ? ratio <= goal : ratio >= goal;
  if (!isReached) process.exitCode = 1;
  const verdict = `${isClosed ? 'at most' : 'at least'} ${goal}: ${isReached ? 'reached' : 'MISSED'}`;
  console.log(`${test.name}: ${isClosed ? 'p99 ' : ''}× ${ratio.toFixed(2)} of ${LEAST}, ${verdict}`);
  for (const [name, { list, error }] of byLane) {
    const text = error ?? `${figures(list, isClosed)}  ours × ${pairedRatio(ours, compared(name)).toFixed(2)}`;
    console.log(`  ${name.padEnd(28)} ${text}`);
  }
}

function figures(list: readonly Sample[], isClosed: boolean): string {
  const middle = (name: keyof Sample, scale: number, digits: number): string =>
    (median(list.map((sample) => sample[name])) / scale).toFixed(digits);
  const cpu = `CPU ${middle('cpuPerMillion', 1, 3)} s per million`;
  if (!isClosed) return `${middle('perSecond', 1e6, 2)} M/s  ${cpu}`;
  const latencies = `p50 ${middle('p50', 1, 1)}  p99 ${middle('p99', 1, 1)}  p99.9 ${middle('p999', 1, 1)} µs`;
  return `${latencies}  ${middle('perSecond', 1e3, 0)} k/s  ${cpu}`;
}
