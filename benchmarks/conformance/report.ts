/** The parts of docs/conformance.md that come from the verdicts. What is written by hand stays in the page. */
import { table } from '../harness/page.ts';
import type { SkippedLane } from '../peers/lanes.ts';
import type { ListedAgent } from './agents.ts';
import { type CaseVerdict, ENDED } from './judge.ts';
import { TOPICS } from './topics.ts';

/** The verdicts on one agent. */
export interface AgentVerdicts extends Pick<ListedAgent, 'name' | 'language' | 'version'> {
  readonly verdicts: readonly CaseVerdict[];
}

/** The verdicts of one run. */
export interface ConformanceRun {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: string;
  readonly agents: readonly AgentVerdicts[];
  readonly skipped: readonly SkippedLane[];
}

const MARK = { pass: '✓', fail: '✗', skip: '–' } as const;
const SHOWN_CHARACTERS = 160;

/** The lines of each part, by its name in the page. */
export function reportParts(run: ConformanceRun): Record<'agents' | 'topics' | 'cases' | 'details', string[]> {
  return { agents: agentTable(run), topics: topicTable(run), cases: caseTable(run), details: details(run) };
}

function agentTable({ agents, skipped, startedAt, commit, machine }: ConformanceRun): string[] {
  const rows = agents.map(({ name, language, version, verdicts }) => {
    const ended = verdicts.filter(({ detail }) => detail === ENDED).length;
    const counts = (['pass', 'fail', 'skip'] as const).map((result) => countOf(verdicts, result));
    return [name, language, version, ...counts.map(String), String(ended)];
  });
  return [
    ...table(['agent', 'language', 'version', 'passed', 'failed', 'not asked', 'ended the process'], rows, 3),
    `${agents[0]?.verdicts.length ?? 0} cases each. Run on ${startedAt.slice(0, 10)}, commit ${commit}, ${machine}.`,
    ...skipped.map(({ name, reason }) => `Not available: ${name}, ${reason}.`),
  ];
}

function countOf(verdicts: readonly CaseVerdict[], result: CaseVerdict['result']): number {
  return verdicts.filter((verdict) => verdict.result === result).length;
}

function topicTable({ agents }: ConformanceRun): string[] {
  const cell = (ids: ReadonlySet<string>, verdicts: readonly CaseVerdict[]): string => {
    const own = verdicts.filter(({ name }) => ids.has(name));
    const failed = countOf(own, 'fail');
    const asked = own.length - countOf(own, 'skip');
    if (asked === 0) return '–';
    return failed === 0 ? `✓ ${asked}` : `${failed} of ${asked} fail`;
  };
  const rows = Object.entries(TOPICS).map(([title, ids]) => [
    title,
    ...agents.map((agent) => cell(ids, agent.verdicts)),
  ]);
  return table(['about', ...agents.map(({ name }) => name)], rows);
}

/** The cases that some agent fails. */
function caseTable({ agents }: ConformanceRun): string[] {
  const results = agents.map(({ verdicts }) => new Map(verdicts.map(({ name, result }) => [name, result])));
  const names = [...new Set(agents.flatMap(({ verdicts }) => verdicts.map(({ name }) => name)))];
  const failing = names.filter((name) => results.some((byName) => byName.get(name) === 'fail'));
  const rows = failing.map((name) => [`\`${name}\``, ...results.map((byName) => MARK[byName.get(name) ?? 'skip'])]);
  return [
    `No agent fails the other ${names.length - failing.length} cases.`,
    '',
    ...table(['case', ...agents.map(({ name }) => name)], rows),
  ];
}

function details({ agents }: ConformanceRun): string[] {
  return agents.flatMap(({ name, verdicts }) => {
    const failed = verdicts.filter(({ result }) => result === 'fail');
    if (failed.length === 0) return [];
    const items = failed.map((verdict) => `- \`${verdict.name}\`: ${oneLine(verdict.detail ?? '')}`);
    return [`<details><summary>${name}: ${failed.length}</summary>`, '', ...items, '', '</details>', ''];
  });
}

/** A detail as inline code: part of its text is the agent's, which must not act as Markdown. */
function oneLine(detail: string): string {
  return `\`${detail.replaceAll(/\s+/g, ' ').replaceAll('`', "'").slice(0, SHOWN_CHARACTERS)}\``;
}
