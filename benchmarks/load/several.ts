/**
 * Several agents, each a process on a core of its own with its own port, as one HAProxy `server` line each gives them:
 * how much more they answer than one. Every agent shares its core with the generator that asks it, so that the figure
 * for one agent is taken under the same conditions.
 *
 *     pnpm run bench:load --several [--rounds 5] [--seconds 1]
 */
import { availableParallelism } from 'node:os';
import { summarize } from '../codec/statistics.ts';
import { AgentProcess, type AgentCommand } from './agent-process.ts';
import type { LoadTool } from './load-tool.ts';

export interface SeveralFigure {
  readonly agents: number;
  /** Of all agents together, the median over the rounds. */
  readonly perSecond: number;
  /** Divided by what one agent answers in the same round. */
  readonly times: number;
}

const WINDOW = 20;

async function total(agents: readonly AgentProcess[], tool: LoadTool, seconds: number): Promise<number> {
  const loads = agents.map((agent, core) =>
    tool.run({ port: agent.port, kind: 'tiny', window: WINDOW, seconds, warm: seconds / 4, cores: String(core) }),
  );
  const results = await Promise.all(loads);
  const wrong = results.find((result) => result.errors > 0);
  if (wrong !== undefined) throw new Error(`an agent answered wrongly: ${wrong.firstError}`);
  return results.reduce((sum, result) => sum + result.perSecond, 0);
}

/** One agent, then two, up to as many as there are cores, in interleaved rounds. */
export async function measureSeveral(
  command: AgentCommand,
  tool: LoadTool,
  rounds: number,
  seconds: number,
): Promise<SeveralFigure[]> {
  const cores = availableParallelism();
  const agents: AgentProcess[] = [];
  try {
    for (let core = 0; core < cores; core++) agents.push(await AgentProcess.start(command, String(core)));
    await total(agents, tool, 1);
    const samples: number[][] = agents.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, list] of samples.entries()) list.push(await total(agents.slice(0, index + 1), tool, seconds));
    }
    return samples.map((list, index) => ({
      agents: index + 1,
      perSecond: summarize(list).median,
      times: summarize(list.map((value, round) => value / (samples[0]?.[round] ?? value))).median,
    }));
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}
