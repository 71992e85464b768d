import { basename } from 'node:path';
import type { Case } from '../../conformance/case.ts';
import { anyAnswer, echo, type Contract } from '../../conformance/contract.ts';
import { traceText } from '../../conformance/agent-connection.ts';
import { htmlMatrix, readReport } from '../../conformance/matrix.ts';
import { classRows, countsOf, entryOf, junitReport, tapReport, type ReportEntry } from '../../conformance/report.ts';
import { caseText, runCases, type Verdict } from '../../conformance/run.ts';
import { fits, knownIds, unusedPatterns } from '../../conformance/selection.ts';
import { conformanceCases } from '../../conformance/suite.ts';
import type { Arguments } from '../arguments.ts';
import { type Call, type Command, ExitCode } from '../command.ts';
import { parseMessages } from '../message-words.ts';
import { oneLine, type Output } from '../output.ts';
import { openSocket, parseTarget, readInput, targetOptions } from '../target.ts';
import { reasonOf, UsageError } from '../usage-error.ts';
import { expectWords } from '../words.ts';

/** How long an answer may take by default, in milliseconds; a failing case often takes that long. */
const PATIENCE_MS = 2000;
const DEFAULT_CONCURRENCY = 8;
const MAX_CONCURRENCY = 100;
const FORMATS = ['text', 'tap', 'junit', 'html'] as const;
const VERDICTS = { pass: 'passes', fail: 'FAILS', skip: 'not asked' } as const;
const CLASSES = ['class', 'passed', 'failed', 'known to fail', 'not asked'];

/** Plays the conformance cases against an agent. */
export const command: Command = {
  usage: 'conformance TARGET [options]',
  about: `Plays cases against an agent in any language, each on connections of its own, and reports those that it fails. Cases have three classes: must, a demand of SPOE.txt; haproxy, a need of a HAProxy release that SPOE.txt does not state; and hygiene, which keeps an agent alive among broken and hostile peers. Ids name the section of SPOE.txt, such as spop/3.2.5/agent-hello.
The agent needs no special build: --message names a message that it knows. With --echo values are checked too: it names a message whose handler sets a variable with the argument's name to the argument's value.
--known-failing lists ids, one a line; an id that passes or that there is not makes the suite fail, so that the list stays true. With --format html, the words are files that --json wrote, and stdout is a page that compares them.`,
  options: {
    run: { value: 'PATTERNS', about: 'only these cases: ids with * for any text, or classes, separated by commas' },
    skip: { value: 'PATTERNS', about: 'all cases but these' },
    'known-failing': { value: 'FILE', about: 'ids that are known to fail' },
    message: {
      value: 'MESSAGE',
      about:
        "a message that the agent knows and one argument, such as 'check host=example.com'; 'check-client-ip ip' by default, with an address",
    },
    echo: { value: 'MESSAGE', about: "a message that echoes its argument, such as 'echo value'" },
    trace: { about: 'show what each case sends, expects and receives' },
    list: { about: 'show the cases, without an agent' },
    format: { value: 'FORMAT', choices: FORMATS, about: `${FORMATS.join(', ')}; text by default` },
    json: { about: 'a line of JSON for each case, and one for all' },
    concurrency: { value: 'NUMBER', about: `cases at a time; ${DEFAULT_CONCURRENCY} by default` },
    ...targetOptions,
    timeout: { value: 'TIME', about: 'how long to wait for an answer, such as 500ms or 10s; 2s by default' },
  },
  examples: [
    ['spop conformance 127.0.0.1:9000', 'does the agent do what HAProxy needs?'],
    ["spop conformance 127.0.0.1:9000 --run 'spop/3.2.5/*' --trace", 'with every byte'],
    [
      "spop conformance 127.0.0.1:9000 --message 'check-request method=GET' --known-failing known.txt --format junit",
      'in continuous integration',
    ],
    ['spop conformance --format html ours.json theirs.json > matrix.html', 'compare agents'],
  ],
  completes: 'files',
  async run({ args, output }: Call): Promise<number> {
    if (args.text('format') === 'html') return compare(args.words, output);
    const contract = contractOf(args);
    const cases = selected(args, conformanceCases(contract));
    if (args.has('list')) return list(cases, args, output);
    return ask(cases, contract, args, output);
  },
};

async function ask(cases: readonly Case[], contract: Contract, args: Arguments, output: Output): Promise<number> {
  const [address] = expectWords(args.words, 1, command.usage);
  const given = parseTarget(address, args);
  const target = args.has('timeout') ? given : { ...given, timeoutMs: PATIENCE_MS };
  const known = knownFailing(args, conformanceCases(contract));
  const entries: ReportEntry[] = [];
  const start = performance.now();
  await runCases(cases, {
    open: () => openSocket(target),
    contract,
    patienceMs: target.timeoutMs,
    concurrency: args.count('concurrency', DEFAULT_CONCURRENCY, 1, MAX_CONCURRENCY),
    onVerdict: (verdict) => {
      const entry = entryOf(verdict, known);
      entries.push(entry);
      show(entry, verdict, args, output);
      output.progress(`${entries.length} of ${cases.length} cases`);
    },
  });
  const seconds = Math.round(performance.now() - start) / 1000;
  const stale = entries.filter(({ id, result }) => result === 'pass' && known.has(id)).map(({ id }) => id);
  summarize(entries, seconds, args, output);
  const counts = countsOf(entries);
  output.json({ target: given.text, ...counts, stale, seconds });
  for (const id of stale) output.warn(`${id} is listed as known to fail, but passes: take it off the list`);
  return counts.failed > 0 || stale.length > 0 ? ExitCode.Negative : ExitCode.Good;
}

/** Shows a case after it was played, if it failed or with `--trace`. */
function show(entry: ReportEntry, { case: test, trace }: Verdict, args: Arguments, output: Output): void {
  const isTraced = args.has('trace');
  output.json({ ...entry, ...(isTraced ? { asked: caseText(test), trace } : {}) });
  const isFailure = entry.result === 'fail' && !entry.isKnown;
  if ((args.text('format') ?? 'text') !== 'text' || (!isFailure && !isTraced)) return;
  const word = entry.isKnown ? 'known to fail' : VERDICTS[entry.result];
  output.print(`${entry.id}  ${word}: ${entry.title}`);
  if (entry.detail !== undefined) output.print(`    ${oneLine(entry.detail)}`);
  if (isFailure) output.print(`    ${entry.source}`);
  if (isTraced) for (const line of [...caseText(test), ...traceText(trace).split('\n')]) output.print(`    ${line}`);
}

function summarize(entries: readonly ReportEntry[], seconds: number, args: Arguments, output: Output): void {
  const format = args.text('format');
  if (format === 'tap') return output.print(tapReport(entries));
  if (format === 'junit') return output.print(junitReport(entries));
  const reasons = new Map<string, number>();
  for (const { result, detail = '' } of entries) {
    if (result === 'skip') reasons.set(detail, (reasons.get(detail) ?? 0) + 1);
  }
  output.table(CLASSES, classRows(entries));
  for (const [reason, count] of reasons) output.print(`${count} not asked: ${reason}`);
  output.print(`${entries.length} ${entries.length === 1 ? 'case' : 'cases'} in ${seconds.toFixed(2)} s`);
}

function contractOf(args: Arguments): Contract {
  const [echoing, asking] = [args.text('echo'), args.text('message')];
  if (echoing !== undefined && asking !== undefined) {
    throw new UsageError(
      'expected --message or --echo; found both',
      'with --echo all cases send the message that echoes',
    );
  }
  const text = echoing ?? asking ?? 'check-client-ip ip';
  const option = echoing === undefined ? '--message' : '--echo';
  const hint = `for instance ${option} 'check-client-ip ip'`;
  const [message = '', argument = '', ...more] = text.trim().split(/\s+/);
  if (argument === '' || more.length > 0) {
    throw new UsageError(`expected a message and one argument for ${option}; found ${JSON.stringify(text)}`, hint);
  }
  if (!argument.includes('=')) return echoing === undefined ? anyAnswer(message, argument) : echo(message, argument);
  if (echoing !== undefined) throw new UsageError('the argument of --echo has no value: cases choose it', hint);
  const [[name, value] = []] = parseMessages([message, argument])[0]?.args ?? [];
  return anyAnswer(message, name ?? '', value);
}

/** The cases that `--run` and `--skip` leave. */
function selected(args: Arguments, cases: readonly Case[]): Case[] {
  const patternsOf = (name: string): string[] => {
    const patterns = (args.text(name) ?? '').split(',').filter((pattern) => pattern !== '');
    const [unused] = unusedPatterns(cases, patterns);
    if (unused === undefined) return patterns;
    throw new UsageError(
      `no case fits ${JSON.stringify(unused)} of --${name}`,
      'spop conformance --list shows all cases',
    );
  };
  const [run, skip] = [patternsOf('run'), patternsOf('skip')];
  const left = cases.filter((test) => (run.length === 0 || fits(test, run)) && !fits(test, skip));
  if (left.length === 0)
    throw new UsageError('--run and --skip leave no case', 'spop conformance --list shows all cases');
  return left;
}

function knownFailing(args: Arguments, cases: readonly Case[]): Set<string> {
  const path = args.text('known-failing');
  if (path === undefined) return new Set();
  const known = knownIds(readInput(path, 'the file of --known-failing').toString('utf8'));
  const ids = new Set(cases.map(({ id }) => id));
  const stranger = [...known].find((id) => !ids.has(id));
  if (stranger === undefined) return known;
  throw new UsageError(
    `${path} lists ${JSON.stringify(stranger)}, and there is no such case`,
    'spop conformance --list shows all cases',
  );
}

function list(cases: readonly Case[], args: Arguments, output: Output): number {
  expectWords(args.words, 1, command.usage);
  const isTraced = args.has('trace');
  if (!isTraced) {
    output.table(
      ['id', 'class', 'what is asked'],
      cases.map(({ id, class: kind, title }) => [id, kind, title]),
    );
  }
  for (const test of cases) {
    const { id, class: kind, title, source } = test;
    output.json({ id, class: kind, title, source, asked: caseText(test) });
    if (!isTraced) continue;
    output.print(`${id}  ${kind}: ${title}`);
    for (const line of [source, ...caseText(test)]) output.print(`    ${line}`);
  }
  return ExitCode.Good;
}

function compare(paths: readonly string[], output: Output): number {
  if (paths.length === 0) {
    throw new UsageError(
      'expected the files of reports; found none',
      'write them with spop conformance TARGET --json > agent.json',
    );
  }
  const reports = paths.map((path) => {
    try {
      return {
        name: basename(path).replace(/\.json$/, ''),
        entries: readReport(readInput(path, path).toString('utf8')),
      };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`${path} is no report: ${reasonOf(error)}`, 'write it with spop conformance TARGET --json');
    }
  });
  output.print(htmlMatrix(reports));
  return ExitCode.Good;
}
