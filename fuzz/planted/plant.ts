import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { type Fault, withFault } from './fault.ts';
import { faults } from './faults.ts';

const HELP = `Usage: pnpm run plant [part of a fault's name …]

Puts one fault after the other into a copy of the sources, runs the properties there, and says which of them caught it.
Ends with status 1 if a fault was not caught.
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Each fault has to be caught within this time. */
const LIMIT_MS = 60_000;

interface Verdict {
  readonly fault: Fault;
  readonly seconds: number;
  /** The test that failed; undefined where none did. */
  readonly caughtBy: string | undefined;
}

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The first test that failed, from the machine-readable report. */
function firstFailure(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  // The report's shape is vitest's own.
  const report = JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  const place = (name: string): string => name.replace(/^.*\/fuzz\//, 'fuzz/');
  for (const { name, assertionResults } of report.testResults) {
    const failed = assertionResults.find((each) => each.status === 'failed');
    if (failed !== undefined) return `${place(name)}: ${failed.fullName}`;
  }
  // A file that could not be run at all; those that were stopped after a failure elsewhere have no message.
  const broken = report.testResults.find(({ status, message }) => status === 'failed' && message !== '');
  if (broken !== undefined) return `${place(broken.name)}: ${broken.message?.split('\n')[0] ?? 'did not run'}`;
  return undefined;
}

/** Runs the properties in the copy and returns the test that failed, or undefined. */
async function runProperties(copy: string): Promise<string | undefined> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--project', 'unit', '--bail', '1', '--reporter', 'json', '--outputFile', report];
  const child = spawn(process.execPath, [...args, 'fuzz/codec', 'fuzz/agent', 'fuzz/corpus', 'fuzz/linear'], {
    cwd: copy,
    stdio: 'ignore',
    detached: true,
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    // The group, since tests run in processes of their own.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, LIMIT_MS);
  child.once('exit', (code) => resolve(code));
  const code = await promise;
  clearTimeout(timer);
  if (isOver || code === 0) return undefined;
  return firstFailure(report) ?? 'an error outside of any test, such as a rejection that nobody handled';
}

async function judge(copy: string, fault: Fault): Promise<Verdict> {
  const path = join(copy, fault.file);
  const original = readFileSync(path);
  writeFileSync(path, withFault(copy, fault));
  const begun = performance.now();
  const caughtBy = await runProperties(copy);
  writeFileSync(path, original);
  return { fault, seconds: (performance.now() - begun) / 1_000, caughtBy };
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const chosen = faults.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  const copy = copySources();
  const verdicts: Verdict[] = [];
  try {
    const found = await runProperties(copy);
    if (found !== undefined) {
      console.log(`The properties fail without any fault: ${found}`);
      return 2;
    }
    for (const fault of chosen) {
      const verdict = await judge(copy, fault);
      verdicts.push(verdict);
      const outcome = verdict.caughtBy === undefined ? 'NOT CAUGHT' : 'caught';
      console.log(`${outcome.padEnd(10)} ${verdict.seconds.toFixed(0).padStart(3)} s  ${fault.name}: ${fault.mistake}`);
      if (verdict.caughtBy !== undefined) console.log(`                  by ${verdict.caughtBy}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  printTable(verdicts);
  return verdicts.every(({ caughtBy }) => caughtBy !== undefined) ? 0 : 1;
}

function printTable(verdicts: readonly Verdict[]): void {
  console.log('\n| fault | file | caught by | after |\n|---|---|---|---|');
  for (const { fault, caughtBy, seconds } of verdicts) {
    const file = fault.file.replace(/^packages\/(\w+)\/src\//, '$1/');
    console.log(`| ${fault.name} | ${file} | ${caughtBy ?? '**nothing**'} | ${seconds.toFixed(0)} s |`);
  }
  const caught = verdicts.filter(({ caughtBy }) => caughtBy !== undefined).length;
  console.log(`\n${caught} of ${verdicts.length} faults caught`);
}

process.exitCode = await main();
