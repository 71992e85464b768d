/** Plays every protocol case against an agent, with a second connection that must not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { judgeCase, probe } from '../../packages/builder/src/conformance/run.ts';
import { AgentProcess, type AgentCommand } from '../load/agent-process.ts';
import { playOn, protocolCases } from './cases.ts';

export interface CaseVerdict {
  /** The id of the case. */
  readonly name: string;
  /** `-` where the agent was not asked, because it does not announce what the case needs. */
  readonly result: 'pass' | 'fail' | '-';
  /** What came instead. */
  readonly detail?: string;
}

/** The verdict on each case; a process that ends is started again for the next. */
export async function judgeAgent(command: AgentCommand, progress: (text: string) => void): Promise<CaseVerdict[]> {
  let agent = await AgentProcess.start(command);
  const verdicts: CaseVerdict[] = [];
  try {
    const probed = await probe(playOn(agent.port));
    for (const test of protocolCases) {
      const name = test.id;
      progress(name);
      const { result, detail } = await judgeCase(test, probed, playOn(agent.port));
      // A process that ends closes its connections first.
      if (result === 'fail') await sleep(100);
      if (!agent.alive) verdicts.push({ name, result: 'fail', detail: "the agent's process ended" });
      else if (result === 'fail') verdicts.push({ name, result, detail: detail ?? '' });
      else verdicts.push({ name, result: result === 'skip' ? '-' : 'pass' });
      if (result === 'fail' || !agent.alive) {
        await agent.stop();
        agent = await AgentProcess.start(command);
      }
    }
  } finally {
    await agent.stop();
  }
  return verdicts;
}
