import { Instrumenter } from '@stryker-mutator/instrumenter';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { fileKey, Journal, type Plan } from './journal.ts';
import { LAST_ROUND, mutatedFiles, type PackageName, packageOf, testsOf } from './mutated-files.ts';
import { noticedBefore, readResult, toResult, toTable, writeResult } from './results.ts';

const HELP = `Usage: pnpm run mutate [part of a file's name …] [--again] [--tests=part of a file's name] [--table]

Changes every source file of codec, agent and builder in thousands of small ways, in a copy of the sources, and runs the unit tests
that reach the change. All changes of a package's files are compiled in at once, and switched on one after the other, in a few
processes with a part of them each. The result of each file is kept in fuzz/mutation/results.json: while its code stays the same, a
change that was noticed once is not tried again, and a file with a complete result is left out. A run that was stopped goes on where
it was. fuzz/mutation.md says why those that survived are harmless.

  --again  also files that have a result: what no test noticed is tried again with new and changed tests
  --tests  these tests alone: whether new tests notice what they are for
  --table  writes the results as far as they are known, prints them, and runs nothing: also beside a run, with its words
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const state = join(root, 'node_modules/.cache/mutation');

/** A few quick tests of each file notice most; all quick ones have what they leave, and slow ones what these leave. */
const ROUNDS = [
  { round: 1, cpuMs: 20, tests: 4 },
  { round: 2, cpuMs: 20, tests: 1_000_000 },
  { round: LAST_ROUND, cpuMs: 500, tests: 12 },
] as const;

/** Most processes at a time, with a part of the mutants each: a test that a mutant has broken waits more than it computes. */
const MOST_PARTS = 4 * availableParallelism();
const LEAST_OF_PART = 100;

/** Longest without a line in the journal, above the time that a mutant may take. */
const SILENT_MS = 20_000;
const SILENT_FIRST_MS = 300_000;
/** A part of the runs of each property. */
const FUZZ_RUNS = '0.1';

const quiet = (): void => {};
const no = (): boolean => false;
const LOGGER = {
  isTraceEnabled: no,
  isDebugEnabled: no,
  isInfoEnabled: no,
  isWarnEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: console.warn,
  error: console.error,
  fatal: console.error,
};

/** Tests of the command line run it as a process, which would know of no mutant. */
const SPOP_IN_PROCESS = `
export * from './spop-as-process.ts';
export { spop } from '../../../../fuzz/mutation/spop-in-process.ts';
`;

function vitestConfig(tests: readonly string[]): string {
  return `
import { defineConfig } from 'vitest/config';
const files = ${JSON.stringify(tests)};
const place = ({ moduleId }) => files.findIndex((file) => moduleId.endsWith('/' + file));
class Sequencer {
  shard = (specs) => specs;
  sort = (specs) => specs.toSorted((a, b) => place(a) - place(b));
}
export default defineConfig({
  ssr: { resolve: { conditions: ['@spop/source', 'module', 'node', 'development|production'] } },
  test: {
    include: files,
    runner: './fuzz/mutation/test-runner.ts',
    isolate: false,
    maxWorkers: 1,
    pool: 'forks',
    execArgv: ['--max-old-space-size=1500'],
    sequence: { sequencer: Sequencer },
    testTimeout: 60_000,
    hookTimeout: 2_000,
    reporters: [{}],
    silent: true,
    dangerouslyIgnoreUnhandledErrors: true,
  },
});
`;
}

function configOf(part: number): string {
  return `vitest.mutation-${part}.config.ts`;
}

function planOf(part: number): string {
  return `mutation-plan-${part}.json`;
}

/** Runs vitest until it ends; kills its worker, and so ends it, when the journal is silent for too long. */
async function runTests(copy: string, { part, journal: journalPath }: Plan, logPath: string): Promise<void> {
  const log = openSync(logPath, 'w');
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', configOf(part)],
    {
      cwd: copy,
      stdio: ['ignore', log, log],
      env: { ...process.env, FUZZ_RUNS, FUZZ_SEED: '1', MUTATION_PLAN: planOf(part) },
    },
  );
  closeSync(log);
  const ended = Promise.withResolvers<void>();
  child.once('exit', () => ended.resolve());
  const begun = Date.now();
  const watch = setInterval(() => {
    const since = Date.now() - Math.max(begun, statSync(journalPath, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (since < SILENT_MS) return;
    const { last, process: worker } = new Journal(journalPath);
    if (since < (last?.[0] === 'try' ? SILENT_MS + last[3] : SILENT_FIRST_MS)) return;
    if (last?.[0] === 'process' || worker === undefined) child.kill('SIGKILL');
    else if (existsSync(`/proc/${worker}`)) process.kill(worker, 'SIGKILL');
  }, 1_000);
  await ended.promise;
  clearInterval(watch);
}

/** Lets the code count what it reaches only while it is asked to, which takes longer than most of what it does. */
function countingAtTimes(content: string): string {
  return content.replace(/function cover\(\) \{/, '$& if (ns.isCounting === false) return;');
}

/** @throws {Error} where the tests end again and again without having run. */
async function runRound(name: PackageName, copy: string, plan: Plan, chosen: string): Promise<void> {
  const log = join(state, `${name}-${plan.part}.log`);
  writeFileSync(join(copy, planOf(plan.part)), JSON.stringify(plan));
  for (let idle = 0; ;) {
    const before = new Journal(plan.journal);
    const tests = testsOf(name, copy, plan.round);
    const left = tests.filter((file) => file.includes(chosen) && !before.isDone(fileKey(copy, file), plan.round));
    const time = new Date().toISOString().slice(11, 19);
    console.log(
      `${time} round ${plan.round}, part ${plan.part}: ${before.killed.size} noticed, ${left.length} files of tests left`,
    );
    if (left.length === 0) return;
    writeFileSync(join(copy, configOf(plan.part)), vitestConfig(left));
    await runTests(copy, plan, log);
    const after = new Journal(plan.journal);
    // It hung, or took the process with it.
    if (after.last?.[0] === 'try') after.write(['killed', [after.last[1]], after.last[2]]);
    idle = after.size > before.size + 1 ? 0 : idle + 1;
    if (idle === 3) throw new Error(`expected tests of ${name} to run; found ${readFileSync(log, 'utf8')}`);
  }
}

async function mutate(name: PackageName, files: readonly string[], isRunning: boolean, chosen: string): Promise<void> {
  const sources = files.map((file) => ({ name: file, content: readFileSync(join(root, file), 'utf8'), mutate: true }));
  const { files: instrumented, mutants } = await new Instrumenter(LOGGER).instrument(sources, {
    // Texts of errors are for people, and reworded without a test.
    excludedMutations: ['StringLiteral'],
    ignorers: [],
    plugins: null,
  });
  const digest = createHash('sha256').update(JSON.stringify(sources)).digest('base64url').slice(0, 8);
  const parts = Math.min(MOST_PARTS, Math.ceil(mutants.length / LEAST_OF_PART));
  const paths = Array.from({ length: parts }, (_, part) => join(state, `${name}-${digest}-${part}.jsonl`));
  if (isRunning) {
    console.log(`${name}: ${mutants.length} mutants of ${files.length} files`);
    const folders = mutants.map(({ fileName }) =>
      dirname(fileName.replace(/^packages\/\w+\/src\//, '')).replace('.', ''),
    );
    const noticed = [...Map.groupBy(mutants, ({ fileName }) => fileName)].flatMap(([file, group]) =>
      noticedBefore(file, group),
    );
    console.log(`${noticed.length} of them were noticed before`);
    await runRounds(name, instrumented, paths, { folders, noticed }, chosen);
  }
  const journal = new Journal('', ...paths);
  for (const [test, reason] of journal.unusable) console.log(`without ${test}: ${reason}`);
  const keys = testsOf(name).map((file) => fileKey(root, file));
  const journals = paths.map((path) => new Journal(path));
  const rounds = ROUNDS.filter(({ round }) => keys.every((key) => journals.every((each) => each.isDone(key, round))));
  for (const file of files) {
    const ofFile = mutants.filter(({ fileName }) => fileName === file);
    writeResult(file, toResult(file, ofFile, journal, ROUNDS.length - rounds.length));
  }
}

async function runRounds(
  name: PackageName,
  instrumented: readonly { readonly name: string; readonly content: string }[],
  journals: readonly string[],
  plan: Pick<Plan, 'folders' | 'noticed'>,
  chosen: string,
): Promise<void> {
  const copy = copySources();
  try {
    for (const { name: file, content } of instrumented) writeFileSync(join(copy, file), countingAtTimes(content));
    const runSpop = join(copy, 'packages/agent/test/cli/run-spop.ts');
    renameSync(runSpop, runSpop.replace('run-spop', 'spop-as-process'));
    writeFileSync(runSpop, SPOP_IN_PROCESS);
    const runPart = async (journal: string, part: number): Promise<void> => {
      for (const round of ROUNDS)
        await runRound(name, copy, { ...plan, ...round, journal, part, parts: journals.length }, chosen);
    };
    await Promise.all(journals.map(runPart));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function isDue(file: string): boolean {
  const result = readResult(file);
  return result === undefined || result.left !== undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      again: { type: 'boolean', default: false },
      table: { type: 'boolean', default: false },
      tests: { type: 'string', default: '' },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const files = mutatedFiles().filter(
    (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
  );
  if (files.length === 0) throw new Error(`expected a part of a source file's name; found ${positionals.join(', ')}`);
  mkdirSync(state, { recursive: true });
  const due = files.filter((file) => values.again || isDue(file));
  for (const [name, group] of Map.groupBy(due, packageOf)) await mutate(name, group, !values.table, values.tests);
  const results = files.flatMap((file) => {
    const result = readResult(file);
    return result === undefined ? [] : [[file, result] as const];
  });
  if (!values.table) {
    for (const [file, { survivors }] of results) for (const survivor of survivors) console.log(`${file}:${survivor}`);
  }
  console.log(`\n${toTable(new Map(results))}`);
  for (const file of files) if (isDue(file)) console.log(`not finished: ${file}`);
  return 0;
}

process.exitCode = await main();
