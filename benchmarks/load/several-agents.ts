/**
 * One agent, then several of them side by side, each a process with its own port and its own generator: what more cores
 * give.
 *
 *     pnpm run bench:several [--agents 1,2] [--rounds 3] [--seconds 2]
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machineInfo } from '../codec/machine.ts';
import { summarize } from '../codec/statistics.ts';
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

/** Frames a second of this number of agents together. */
async function measure(count: number, kind: 'tiny' | 'realistic'): Promise<number> {
  const args = [...plainJsFlags(), program];
  const agents = await Promise.all(
    Array.from({ length: count }, () => AgentProcess.start({ program: process.execPath, args })),
  );
  try {
    const seconds = Number(values.seconds);
    const results = await Promise.all(agents.map(({ port }) => tool.run({ port, kind, connections: 2, seconds })));
    const wrong = results.find(({ errors, missing }) => errors + missing > 0);
    if (wrong !== undefined) throw new Error(`expected every ACK; ${wrong.firstError}`);
    return results.reduce((sum, { perSecond }) => sum + perSecond, 0);
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}

const { cpu } = machineInfo();
process.stdout.write(
  `Node ${process.versions.node}, ${availableParallelism()} cores of ${cpu}, pipelined over 2 connections each.\n\n` +
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
