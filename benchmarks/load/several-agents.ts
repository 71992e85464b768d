/**
 * Measures what more cores add: one agent, then several of them, each a process with its own port and its own generator.
 *
 *     pnpm run bench:several [--agents 1,2] [--rounds 3] [--seconds 2]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineLine } from '../harness/machine.ts';
import { summarize } from '../harness/statistics.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { AgentProcess } from './agent-process.ts';
import { LoadTool } from './load-tool.ts';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
  },
});
const program = fileURLToPath(new URL('spop-agent.ts', import.meta.url));
const tool = new LoadTool();

/** NOTIFYs a second of this number of agents together. */
async function measure(count: number, kind: 'tiny' | 'realistic'): Promise<number> {
  const args = [...plainJsFlags(), program];
  const agents = await Promise.all(
    Array.from({ length: count }, () => AgentProcess.start({ program: process.execPath, args })),
  );
  try {
    const seconds = Number(values.seconds);
    const results = await Promise.all(agents.map(({ port }) => tool.run({ port, kind, connections: 2, seconds })));
    const error = results.find(({ firstError }) => firstError !== '')?.firstError;
    if (error !== undefined) throw new Error(`expected every ACK; found: ${error}`);
    return results.reduce((sum, { perSecond }) => sum + perSecond, 0);
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}

process.stdout.write(
  `${machineLine()} Pipelined, 2 connections for each agent.\n\n` +
    '| agents | tiny, million NOTIFYs/s | realistic, million NOTIFYs/s |\n| ---: | ---: | ---: |\n',
);
for (const count of values.agents.split(',').map(Number)) {
  const medians: number[] = [];
  for (const kind of ['tiny', 'realistic'] as const) {
    const rates: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) rates.push(await measure(count, kind));
    medians.push(summarize(rates).median);
  }
  process.stdout.write(`| ${count} | ${medians.map((rate) => (rate / 1e6).toFixed(2)).join(' | ')} |\n`);
}
