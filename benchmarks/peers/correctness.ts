/** Plays every protocol case against an agent, with a second connection that must not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case } from '../../packages/builder/src/conformance/case.ts';
import type { Contract } from '../../packages/builder/src/conformance/contract.ts';
import { judgeCase, probe, type Probed } from '../../packages/builder/src/conformance/run.ts';
import { casesFor, playOn, scoreContract } from './cases.ts';

/** Time limits of an answer, for the first and the second try: a busy machine is slow, too. */
const PATIENCE_MS = [1_500, 5_000] as const;

export interface CaseVerdict {
  /** The id of the case. */
  readonly name: string;
  /** `-` where the agent was not asked, because it does not announce what the case needs. */
  readonly result: 'pass' | 'fail' | '-';
  /** What came instead. */
  readonly detail?: string;
}

/** The verdicts on one agent, for its summary. */
export interface Correctness {
  readonly passed: number;
  /** Cases but those that need what the agent does not announce. */
  readonly asked: number;
  /** What came instead, by the id of the case. */
  readonly failed: Readonly<Record<string, string>>;
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
 * The verdict on each case; a process that ends is started again for the next. What fails is asked once more, of a new process: it has
 * to fail twice.
 */
export async function judgeAgent(judged: JudgedAgent, progress: (text: string) => void): Promise<CaseVerdict[]> {
  const { contract = scoreContract } = judged;
  let agent = await judged.start();
  const verdicts: CaseVerdict[] = [];
  try {
    const probed = await probe(playOn(agent.port, contract));
    for (const test of casesFor(contract)) {
      progress(test.id);
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

/** Sums up the verdicts on one agent. */
export function toCorrectness(verdicts: readonly CaseVerdict[]): Correctness {
  const asked = verdicts.filter(({ result }) => result !== '-');
  const failed = asked.filter(({ result }) => result === 'fail');
  return {
    passed: asked.length - failed.length,
    asked: asked.length,
    failed: Object.fromEntries(failed.map(({ name, detail = '' }) => [name, detail])),
  };
}
