/** Plays every protocol case against an agent. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../../packages/builder/src/conformance/case.ts';
import type { Contract } from '../../packages/builder/src/conformance/contract.ts';
import { judgeCase, probe, type Probed } from '../../packages/builder/src/conformance/run.ts';
import { casesFor, playOn, scoreContract } from './cases.ts';

/** How long an answer may take in the first and in the second try: a busy machine is slow, too. */
const PATIENCE_MS = [1_500, 5_000] as const;

/** The verdict on one agent in one case. */
export interface CaseVerdict {
  /** The id of the case. */
  readonly name: string;
  /** `-` where the agent was not asked, because it does not announce what the case needs. */
  readonly result: 'pass' | 'fail' | '-';
  /** What the agent did instead. */
  readonly detail?: string;
}

/** An agent's process that listens on a port of 127.0.0.1. */
export interface RunningAgent {
  readonly port: number;
  readonly alive: boolean;
  stop(): Promise<unknown>;
}

/** An agent that can be judged. */
export interface JudgedAgent {
  start(): Promise<RunningAgent>;
  /** What it is asked and answers; by default the job of benchmarks/load/traffic.ts. */
  readonly contract?: Contract;
}

/**
 * The verdict on each case. A case that fails is asked once more, of a new process, and counts if it fails again. A process
 * that ended is started again for the next case.
 */
export async function judgeAgent(judged: JudgedAgent): Promise<CaseVerdict[]> {
  const { contract = scoreContract } = judged;
  let agent = await judged.start();
  const verdicts: CaseVerdict[] = [];
  try {
    const probed = await probe(playOn(agent.port, contract));
    for (const test of casesFor(contract)) {
      let verdict: CaseVerdict | undefined;
      for (const patienceMs of PATIENCE_MS) {
        verdict = await judgeOn(agent, test, probed, contract, patienceMs);
        if (verdict.result !== 'fail') break;
        await agent.stop();
        agent = await judged.start();
      }
      if (verdict !== undefined) verdicts.push(verdict);
    }
  } finally {
    await agent.stop();
  }
  return verdicts;
}

async function judgeOn(
  agent: RunningAgent,
  test: Case,
  probed: Probed,
  contract: Contract,
  patienceMs: number,
): Promise<CaseVerdict> {
  const name = test.id;
  let verdict: CaseVerdict;
  try {
    const { result, detail } = await judgeCase(test, probed, playOn(agent.port, contract, patienceMs));
    verdict = {
      name,
      result: result === 'skip' ? '-' : result,
      ...(result === 'fail' ? { detail: detail ?? '' } : {}),
    };
  } catch (error) {
    verdict = { name, result: 'fail', detail: error instanceof Error ? error.message : String(error) };
  }
  // A process that ends closes its connections first.
  if (verdict.result === 'fail') await sleep(100);
  return agent.alive ? verdict : { name, result: 'fail', detail: "the agent's process ended" };
}
