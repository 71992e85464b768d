/** Plays every protocol case against an agent. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../../packages/builder/src/conformance/case.ts';
import type { Contract } from '../../packages/builder/src/conformance/contract.ts';
import { judgeCase, probe, type Probed, type Verdict } from '../../packages/builder/src/conformance/run.ts';
import { casesFor, playOn, scoreContract } from './cases.ts';

/** The most milliseconds for an answer, in the first and in the second try: a busy machine is slow, too. */
const PATIENCE_MS = [1_500, 5_000] as const;

/** The detail of a case that ended the agent's process. */
export const ENDED = "the agent's process ended";

/** The verdict on one agent in one case. */
export interface CaseVerdict {
  /** The id of the case. */
  readonly name: string;
  /** `skip` where the agent was not asked, because it does not announce what the case needs. */
  readonly result: Verdict['result'];
  /** What the agent did instead, or why it was not asked. */
  readonly detail: string | undefined;
}

/** An agent's process that listens on a port of 127.0.0.1. */
export interface RunningAgent {
  readonly port: number;
  readonly alive: boolean;
  stop(): Promise<unknown>;
}

/** An agent that can be judged. */
export interface JudgedAgent {
  readonly start: () => Promise<RunningAgent>;
  /** Its questions and answers; by default the job `tiny` of benchmarks/load/traffic.ts. */
  readonly contract?: Contract;
}

/** The verdict on each case. A case that fails is asked once more, of a new process, and counts if it fails again. */
export async function judgeAgent({ start, contract = scoreContract }: JudgedAgent): Promise<CaseVerdict[]> {
  let agent = await start();
  const verdicts: CaseVerdict[] = [];
  try {
    const probed = await probe(playOn(agent.port, contract));
    for (const test of casesFor(contract)) {
      const tries: CaseVerdict[] = [];
      for (const patienceMs of PATIENCE_MS) {
        tries.push(await verdictOn(agent, test, probed, contract, patienceMs));
        if (tries.at(-1)?.result !== 'fail') break;
        await agent.stop();
        agent = await start();
      }
      verdicts.push(tries.at(-1)!);
    }
  } finally {
    await agent.stop();
  }
  return verdicts;
}

async function verdictOn(
  agent: RunningAgent,
  test: Case,
  probed: Probed,
  contract: Contract,
  patienceMs: number,
): Promise<CaseVerdict> {
  const { id: name } = test;
  const played = judgeCase(test, probed, playOn(agent.port, contract, patienceMs));
  const { result, detail } = await played.catch((error) => ({ result: 'fail' as const, detail: String(error) }));
  // A process that ends closes its connections first.
  if (result === 'fail') await sleep(100);
  return agent.alive ? { name, result, detail } : { name, result: 'fail', detail: ENDED };
}
