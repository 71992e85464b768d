/** Plays every protocol case against an agent, with a second connection that must not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentProcess, type AgentCommand } from '../load/agent-process.ts';
import { playCase, probe, type Verdict } from './black-box.ts';
import { protocolCases, type ProtocolCase } from './cases.ts';
import { frame, message, typed } from '../load/wire.ts';

export interface CaseVerdict {
  readonly name: string;
  /** `-` where the agent was not asked, because it does not announce `pipelining`. */
  readonly result: 'pass' | 'fail' | '-';
  /** What came instead. */
  readonly detail?: string;
}

const CANARY: ProtocolCase = {
  name: 'the agent still answers others',
  source: '',
  scripts: [
    {
      send: [frame(3, 1, 1, message('check-client-ip', [['ip', typed.ipv4('192.0.2.5')]]))],
      expect: [{ kind: 'acks', acks: [{ streamId: 1n, frameId: 1n, score: 5 }] }],
    },
  ],
};

async function judge(agent: AgentProcess, test: ProtocolCase): Promise<Verdict> {
  const verdict = await playCase(agent.port, test);
  // A process that ends closes its connections first.
  if (verdict !== undefined) await sleep(100);
  if (!agent.alive) return "the agent's process ended";
  if (verdict !== undefined) return verdict;
  const after = await playCase(agent.port, CANARY);
  return after === undefined ? undefined : `other connections suffered: ${after}`;
}

/** The verdict on each case; a process that ends is started again for the next. */
export async function judgeAgent(command: AgentCommand, progress: (text: string) => void): Promise<CaseVerdict[]> {
  let agent = await AgentProcess.start(command);
  const verdicts: CaseVerdict[] = [];
  try {
    const { capabilities } = await probe(agent.port);
    for (const test of protocolCases) {
      const { name } = test;
      progress(name);
      if (test.pipelining && !capabilities.includes('pipelining')) {
        verdicts.push({ name, result: '-' });
        continue;
      }
      const detail = await judge(agent, test);
      verdicts.push(detail === undefined ? { name, result: 'pass' } : { name, result: 'fail', detail });
      if (detail !== undefined || !agent.alive) {
        await agent.stop();
        agent = await AgentProcess.start(command);
      }
    }
  } finally {
    await agent.stop();
  }
  return verdicts;
}
