/** docs/conformance.md, from the verdicts. */
import type { CaseVerdict } from '../peers/correctness.ts';
import type { SkippedLane } from '../peers/lanes.ts';

/** The verdicts on one agent. */
export interface AgentVerdicts {
  readonly name: string;
  readonly language: string;
  readonly version: string;
  readonly verdicts: readonly CaseVerdict[];
}

/** All that was asked in one run. */
export interface ConformanceRun {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: string;
  readonly agents: AgentVerdicts[];
  readonly skipped: readonly SkippedLane[];
}

export function writeReport(run: ConformanceRun): string {
  return JSON.stringify(run.agents.map(({ name, verdicts }) => [name, verdicts.length]));
}
