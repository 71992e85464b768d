/**
 * Measures what more cores add: one agent, then several of them, each a process with its own port and its own generator.
 *
 *     pnpm run bench:several [--agents 1,2] [--rounds 3] [--seconds 2]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, sum } from 'simple-statistics';
import { machineLine } from '../harness/machine.ts';
import { table } from '../harness/page.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { AgentProcess } from './agent-process.ts';
import { LoadTool } from './load-tool.ts';
import type { TrafficKind } from './traffic.ts';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
  },
});
const args = [...plainJsFlags(), fileURLToPath(new URL('spop-agent.ts', import.meta.url))];
const tool = new LoadTool();

/** NOTIFYs a second of this number of agents together. */
async function measure(count: number, kind: TrafficKind): Promise<number> {
  const start = (): Promise<AgentProcess> => AgentProcess.start({ program: process.execPath, args });
  const agents = await Promise.all(Array.from({ length: count }, start));
  try {
    const load = { kind, connections: 2, seconds: Number(values.seconds) };
    const results = await Promise.all(agents.map(({ port }) => tool.run({ ...load, port })));
    const error = results.find(({ firstError }) => firstError !== '')?.firstError;
    if (error !== undefined) throw new Error(`expected every ACK; found: ${error}`);
    return sum(results.map(({ perSecond }) => perSecond));
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}

/** The median of the rounds, in millions. */
async function cell(count: number, kind: TrafficKind): Promise<string> {
  const rates: number[] = [];
  while (rates.length < Number(values.rounds)) rates.push(await measure(count, kind));
  return (median(rates) / 1e6).toFixed(2);
}

const rows: string[][] = [];
for (const agents of values.agents.split(',').map(Number)) {
  rows.push([`${agents}`, await cell(agents, 'tiny'), await cell(agents, 'realistic')]);
}
console.log(`${machineLine()} Pipelined, 2 connections for each agent.\n`);
const head = ['agents', 'tiny, million NOTIFYs/s', 'realistic, million NOTIFYs/s'];
console.log(table(head, rows, 0).join('\n'));
