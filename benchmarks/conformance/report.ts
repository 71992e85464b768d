/** docs/conformance.md, from the verdicts. */
import type { CaseVerdict } from '../peers/correctness.ts';
import type { SkippedLane } from '../peers/lanes.ts';
import { TOPICS, type Topic } from './topics.ts';

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

/** What is to be known of an agent, to judge its figures. */
const NOTES: Readonly<Record<string, string>> = {
  'haproxy-go': 'is the library that Coraza uses; it announces no pipelining, and is asked nothing about it.',
  'criteo/haproxy-spoe-go': 'is no longer maintained.',
  'spop + tokio':
    'is a codec, `spop`, whose connections our program serves as its examples do: what it does with frames is the crate’s, the rest ours.',
  'haproxy/spoa-example':
    'is meant to show the protocol, and says so. One line was changed, so that it listens on 127.0.0.1 alone.',
  'naive Node': 'is no library, but what one would write first.',
};

const ENDED = 'process ended';
const MARK = { pass: '✓', fail: '✗', '-': '–' } as const;
const SHOWN_CHARACTERS = 160;

/** The page. */
export function writeReport(run: ConformanceRun): string {
  const lines = [...introduction(run), ...topicSection(run), ...matrix(run), ...details(run), ...howTo(run)];
  return `${lines.join('\n').trimEnd()}\n`;
}

function introduction({ agents, startedAt }: ConformanceRun): string[] {
  const asked = agents[0]?.verdicts.length ?? 0;
  return [
    '# Conformance',
    '',
    '<!-- Written by `pnpm run conformance --docs`. -->',
    '',
    `What \`spop conformance\` ([guide](guides/command-line.md)) finds in agents of several languages: ${asked} cases each, those that need no agent of their own. A case that`,
    'fails is asked a second time, of a new process and with more patience, and counts where it fails again.',
    '',
    'This is what SPOE.txt demands and what agents among hostile peers need, not what HAProxy of today sends: **an agent that fails many cases can serve',
    'behind one HAProxy on one machine without anybody noticing**. The tables by topic say where it would show.',
    '',
    ...table(
      ['agent', 'language', 'version', 'passed', 'failed', 'not asked', 'ended the process'],
      agents.map(({ name, language, version, verdicts }) => {
        const ended = verdicts.filter(({ detail }) => detail?.includes(ENDED)).length;
        const counts = (['pass', 'fail', '-'] as const).map((result) => countOf(verdicts, result));
        return [name, language, version, ...counts.map(String), String(ended)];
      }),
      3,
    ),
    'Not asked: what an agent does not announce, pipelining for instance, it need not do. Ended the process: one connection ends the agent for all others, so that',
    'requests go on without it until something starts it again.',
    '',
    ...agents.flatMap(({ name }) => (NOTES[name] === undefined ? [] : [`- **${name}** ${NOTES[name]}`])),
    '',
    `Asked on ${startedAt.slice(0, 10)}.`,
    '',
  ];
}

function countOf(verdicts: readonly CaseVerdict[], result: CaseVerdict['result']): number {
  return verdicts.filter((verdict) => verdict.result === result).length;
}

function topicSection({ agents }: ConformanceRun): string[] {
  const cell = ({ ids }: Topic, verdicts: readonly CaseVerdict[]): string => {
    const own = verdicts.filter(({ name }) => ids.has(name));
    const failed = countOf(own, 'fail');
    const asked = own.length - countOf(own, '-');
    if (asked === 0) return '–';
    return failed === 0 ? `✓ ${asked}` : `${failed} of ${asked} fail`;
  };
  const failing = TOPICS.filter(({ ids }) =>
    agents.some(({ verdicts }) => verdicts.some(({ name, result }) => result === 'fail' && ids.has(name))),
  );
  return [
    '## By topic',
    '',
    ...table(
      ['about', ...agents.map(({ name }) => name)],
      TOPICS.map((topic) => [topic.title, ...agents.map(({ verdicts }) => cell(topic, verdicts))]),
    ),
    '## What a failure means',
    '',
    ...table(
      ['about', 'to those who run the agent'],
      failing.map(({ title, meaning }) => [title, meaning]),
      2,
    ),
  ];
}

function matrix({ agents }: ConformanceRun): string[] {
  const results = agents.map(({ verdicts }) => new Map(verdicts.map(({ name, result }) => [name, result])));
  const names = [...new Set(agents.flatMap(({ verdicts }) => verdicts.map(({ name }) => name)))];
  const failing = names.filter((name) => results.some((byName) => byName.get(name) === 'fail'));
  return [
    '## Case by case',
    '',
    `✓ passed, ✗ failed, – not asked. The other ${names.length - failing.length} cases no agent fails. \`spop conformance --list\` says what each asks.`,
    '',
    ...table(
      ['case', ...agents.map(({ name }) => name)],
      failing.map((name) => [`\`${name}\``, ...results.map((byName) => MARK[byName.get(name) ?? '-'])]),
    ),
  ];
}

function details({ agents }: ConformanceRun): string[] {
  return [
    '## What came instead',
    '',
    ...agents.flatMap(({ name, verdicts }) => {
      const failed = verdicts.filter(({ result }) => result === 'fail');
      if (failed.length === 0) return [];
      return [
        `<details><summary>${name}: ${failed.length}</summary>`,
        '',
        ...failed.map(({ name, detail = '' }) => `- \`${name}\`: ${oneLine(detail)}`),
        '',
        '</details>',
        '',
      ];
    }),
  ];
}

/** A detail, whose words are partly the agent's, as Markdown shows it as it is. */
function oneLine(detail: string): string {
  return `\`${detail.replaceAll(/\s+/g, ' ').replaceAll('`', "'").slice(0, SHOWN_CHARACTERS)}\``;
}

function howTo({ skipped, commit, machine }: ConformanceRun): string[] {
  return [
    '## Again',
    '',
    '```sh',
    'git clone https://github.com/haproxy/spoa-example   # with libevent’s headers, Debian’s libevent-dev',
    'SPOA_EXAMPLE=$PWD/spoa-example pnpm run conformance --docs',
    '```',
    '',
    'builds the agents from their registries, with Go and Rust, asks all of them and writes this page; `--filter NAME` asks some, and `--from FILE --filter NAME` takes the',
    'others from an earlier run. Their sources are in [benchmarks/peers](../benchmarks/peers): each does the job of our benchmarks with its library as its own examples use it. Of an agent of your own:',
    '',
    '```sh',
    "npx @spop/builder conformance 127.0.0.1:9000 --message 'check-client-ip ip' --timeout 5s",
    '```',
    '',
    `This run: commit ${commit}, ${machine}.`,
    '',
    ...(skipped.length === 0
      ? []
      : ['Not to be had:', '', ...skipped.map(({ name, reason }) => `- ${name}: ${reason.replaceAll('’', "'")}`), '']),
  ];
}

/** A Markdown table; the first columns, which hold text, to the left, the others to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, index) => (index < texts ? ' --- ' : ' ---: ')).join('|')}|`,
    ...rows.map(line),
    '',
  ];
}
