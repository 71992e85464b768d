/** Resident memory as NOTIFYs add up: four connections with as many in flight each as HAProxy has at most. */
import { AgentProcess, type AgentCommand } from '../load/agent-process.ts';
import type { LoadTool } from '../load/load-tool.ts';
import { probe } from '../../packages/builder/src/conformance/run.ts';
import { playOn } from './cases.ts';

export interface MemorySample {
  /** NOTIFYs answered since the start of the process. */
  readonly notifies: number;
  readonly residentMiB: number;
}

const STEPS = [0, 10_000, 100_000, 250_000, 500_000, 1_000_000];

/** Resident memory after each of the steps, of a fresh process; fewer if the agent gives up. */
export async function measureMemory(command: AgentCommand, tool: LoadTool, scale = 1): Promise<MemorySample[]> {
  const agent = await AgentProcess.start(command);
  const samples: MemorySample[] = [];
  let done = 0;
  try {
    const { capabilities } = await probe(playOn(agent.port));
    const window = capabilities.includes('pipelining') ? 20 : 1;
    for (const step of STEPS.map((value) => value * scale)) {
      if (step > done) {
        const load = {
          port: agent.port,
          kind: 'tiny',
          connections: 4,
          window,
          count: step - done,
          seconds: 60,
          warm: 0,
        } as const;
        const { acked, errors } = await tool.run(load);
        done += acked;
        if (errors > 0 || !agent.alive) break;
      }
      samples.push({ notifies: done, residentMiB: agent.residentMiB() });
    }
  } finally {
    await agent.stop();
  }
  return samples;
}
