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

/** The verdicts of one run. */
export interface ConformanceRun {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: string;
  readonly agents: AgentVerdicts[];
  readonly skipped: readonly SkippedLane[];
}

/** Notes on an agent that its figures need. */
const NOTES: Readonly<Record<string, string>> = {
  'haproxy-go':
    'is the library that Coraza uses. It does not announce pipelining, so the cases about pipelining are left out.',
  'criteo/haproxy-spoe-go': 'is no longer maintained.',
  'spop + tokio':
    'is a codec, `spop`. Our program serves its connections as the crate’s examples do: the handling of frames is the crate’s, the rest is ours.',
  'haproxy/spoa-example':
    'is written to show the protocol, and says so. One line was changed, so that it listens only on 127.0.0.1.',
  'naive Node': 'is not a library, but a first attempt without one.',
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
    `The findings of \`spop conformance\` ([guide](guides/command-line.md)) in agents of several languages: ${asked} cases each, all that run without an agent written for them. A case that`,
    'fails is repeated with a new process and longer timeouts, and counts if it fails again.',
    '',
    'The cases test the demands of SPOE.txt and the needs of agents among hostile peers, not only the frames that HAProxy sends today: **an agent that fails many',
    'cases can serve behind one HAProxy on one machine without a visible fault**. The tables by topic say when a fault would show.',
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
    'Not asked: cases about capabilities that the agent does not announce, such as pipelining. Ended the process: one connection ends the agent for all others, and',
    'requests go on without it until it is started again.',
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
    '## The effect of a failure',
    '',
    ...table(
      ['about', 'effect in operation'],
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
    `✓ passed, ✗ failed, – not asked. No agent fails the other ${names.length - failing.length} cases. \`spop conformance --list\` describes each case.`,
    '',
    ...table(
      ['case', ...agents.map(({ name }) => name)],
      failing.map((name) => [`\`${name}\``, ...results.map((byName) => MARK[byName.get(name) ?? '-'])]),
    ),
  ];
}

function details({ agents }: ConformanceRun): string[] {
  return [
    '## What the agents did instead',
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

/** A detail as inline code: part of its text is the agent's, which must not act as Markdown. */
function oneLine(detail: string): string {
  return `\`${detail.replaceAll(/\s+/g, ' ').replaceAll('`', "'").slice(0, SHOWN_CHARACTERS)}\``;
}

function howTo({ skipped, commit, machine }: ConformanceRun): string[] {
  return [
    '## Repeat it',
    '',
    '```sh',
    'git clone https://github.com/haproxy/spoa-example   # with libevent’s headers, Debian’s libevent-dev',
    'SPOA_EXAMPLE=$PWD/spoa-example pnpm run conformance --docs',
    '```',
    '',
    'This builds the agents from their registries, with Go and Rust, runs the cases against all of them and writes this page. `--filter NAME` runs some, and `--from FILE --filter NAME` takes the',
    'others from an earlier run. Their sources are in [benchmarks/peers](../benchmarks/peers): each does the job of our benchmarks, and uses its library as the library’s own examples do. For your own agent:',
    '',
    '```sh',
    "npx @spop/builder conformance 127.0.0.1:9000 --message 'check-client-ip ip' --timeout 5s",
    '```',
    '',
    `This run: commit ${commit}, ${machine}.`,
    '',
    ...(skipped.length === 0
      ? []
      : ['Not available:', '', ...skipped.map(({ name, reason }) => `- ${name}: ${reason.replaceAll('’', "'")}`), '']),
  ];
}

/** A Markdown table; the first `texts` columns are aligned left, the others right. */
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
