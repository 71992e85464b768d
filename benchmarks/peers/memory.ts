import { AgentProcess, type AgentCommand } from '../load/agent-process.ts';
import type { LoadTool } from '../load/load-tool.ts';
import { probe } from '../../packages/builder/src/conformance/run.ts';
import { playOn } from '../conformance/cases.ts';

/**
 * Resident memory in MiB of a new process after this number of NOTIFYs, over four connections with as many NOTIFYs in
 * flight as HAProxy has at most.
 */
export async function residentAfter(notifies: number, command: AgentCommand, tool: LoadTool): Promise<number> {
  const agent = await AgentProcess.start(command);
  try {
    const { capabilities } = await probe(playOn(agent.port));
    const window = capabilities.includes('pipelining') ? 20 : 1;
    const load = {
      port: agent.port,
      kind: 'tiny',
      connections: 4,
      window,
      count: notifies,
      seconds: 60,
      warm: 0,
    } as const;
    const { acked, firstError } = await tool.run(load);
    if (acked < notifies) throw new Error(`expected ${notifies} ACKs; found ${acked}: ${firstError}`);
    return agent.residentMiB();
  } finally {
    await agent.stop();
  }
}
