/**
 * Compares our agent with the least that plain Node can do.
 *
 *     pnpm run bench:load [--quick] [--rounds 7] [--seconds 1] [--filter TEXT]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLine } from '../harness/machine.ts';
import { pairedRatio, summarize } from '../harness/statistics.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { startProgress } from '../harness/progress.ts';
import { canPin } from './agent-process.ts';
import { LoadTool } from './load-tool.ts';
import { type Lane, type Sample, measureRounds } from './rounds.ts';
import { closedLoop, pipelined } from './tests.ts';

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

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const node = (name: string, args: readonly string[] = [], nodeOptions: readonly string[] = []): Lane['command'] => ({
  program: process.execPath,
  args: [...nodeOptions, ...plainJsFlags(), here(name), ...args],
});

const SPOP = '@spop/agent';
const LEAST = 'least Node';
const lanes: Lane[] = [
  { name: SPOP, command: node('spop-agent.ts') },
  // What docs/guides/running.md advises.
  {
    name: `${SPOP}, inlining`,
    command: node('spop-agent.ts', [], ['--max-inlined-bytecode-size-cumulative=4000']),
  },
  { name: `${SPOP}, async`, command: node('spop-agent.ts', ['async']) },
  { name: LEAST, command: node('least-node.ts') },
  { name: `${LEAST}, 512 KiB`, command: node('least-node.ts', ['512']) },
  { name: `${LEAST}, 512 KiB, told`, command: node('least-node.ts', ['512', 'told']) },
];

const tests = [
  ...(['tiny', 'realistic'] as const).flatMap((kind) =>
    [1, 4].map((connections) => pipelined(kind, connections, 'one')),
  ),
  ...[1, 20, 256].flatMap((window) => [closedLoop(window), closedLoop(window, 'tiny', 1, 'one')]),
  // How HAProxy sends 256: it has at most 20 in flight on a connection.
  closedLoop(16, 'tiny', 16),
].filter((test) => test.name.includes(values.filter));

const tool = new LoadTool();
if (!canPin) process.stderr.write('no taskset: processes are not pinned, latencies include waking other cores\n');

const out = [`${machineLine()} ${rounds} rounds of ${seconds} s.`, ''];
const samples = await measureRounds(lanes, tests, { tool, rounds, seconds, progress: startProgress() });

const middle = (list: readonly Sample[], pick: (sample: Sample) => number): number => summarize(list.map(pick)).median;
const wide = Math.max(...tests.map((test) => test.name.length));
const wideLane = Math.max(...lanes.map((lane) => lane.name.length));
let missed = 0;

for (const test of tests) {
  const byLane = samples.get(test.name);
  const ours = byLane?.get(SPOP) ?? [];
  const least = byLane?.get(LEAST) ?? [];
  const closed = test.window > 0;
  const pick = closed ? (sample: Sample) => sample.p99 : (sample: Sample) => sample.perSecond;
  const reached = pairedRatio(ours.map(pick), least.map(pick));
  const goal = closed ? 1.3 : test.kind === 'tiny' ? 0.6 : 0.7;
  const good = closed ? reached <= goal : reached >= goal;
  if (!good) missed++;
  const verdict = `${closed ? 'p99 × ' : '× '}${reached.toFixed(2)} of ${LEAST} (${closed ? 'at most' : 'at least'} ${goal}): ${good ? 'reached' : 'MISSED'}`;
  out.push(`${test.name.padEnd(wide)}  ${verdict}`);
  for (const lane of lanes) {
    const list = byLane?.get(lane.name) ?? [];
    const error = list.find((sample) => sample.error !== '')?.error;
    const figures = closed
      ? `p50 ${middle(list, (one) => one.p50).toFixed(1)}  p99 ${middle(list, (one) => one.p99).toFixed(1)}  p99.9 ${middle(list, (one) => one.p999).toFixed(1)} µs  ${(middle(list, (one) => one.perSecond) / 1000).toFixed(0)} k/s`
      : `${(middle(list, (one) => one.perSecond) / 1e6).toFixed(2)} M/s`;
    const ratio = pairedRatio(ours.map(pick), list.map(pick)).toFixed(2);
    const cpu = `CPU ${middle(list, (one) => one.cpuPerMillion).toFixed(3)} s per million`;
    out.push(`  ${lane.name.padEnd(wideLane)} ${error ?? `${figures}  ${cpu}  ours × ${ratio}`}`);
  }
}
process.stdout.write(`${out.join('\n')}\n`);
process.exitCode = missed === 0 ? 0 : 1;
