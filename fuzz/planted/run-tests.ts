import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the unit tests of a copy said. */
export interface TestResult {
  /** The first test that failed; undefined if none did, or none within the time limit. */
  readonly failure: string | undefined;
  readonly isOverTime: boolean;
}

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** The first test that failed, from the machine-readable report. */
function firstFailure(copy: string, path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  // The report's shape is vitest's own.
  const report = JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  const place = (name: string): string => name.replace(`${copy}/`, '');
  for (const { name, assertionResults } of report.testResults) {
    // One that was stopped, since another had failed, has no message.
    const failed = assertionResults.find(
      ({ status, failureMessages }) => status === 'failed' && (failureMessages?.length ?? 0) > 0,
    );
    if (failed !== undefined) {
      const [message = ''] = failed.failureMessages ?? [];
      return `${place(name)}: ${failed.fullName} (${message.split('\n')[0]})`;
    }
  }
  // A file that could not be run at all; those that were stopped after a failure elsewhere have no message.
  const broken = report.testResults.find(({ status, message }) => status === 'failed' && message !== '');
  if (broken !== undefined) return `${place(broken.name)}: ${broken.message?.split('\n')[0] ?? 'did not run'}`;
  return undefined;
}

/**
 * Runs unit tests in a copy of the sources until the first one fails, or `limitMs` are over.
 *
 * @param files Test files, or folders of them, from the copy's root.
 */
export async function runTests(copy: string, files: readonly string[], limitMs: number): Promise<TestResult> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const options = ['--project', 'unit', '--bail', '1', '--reporter', 'json', '--outputFile', report];
  // That one says that a fault no longer applies to the source, which is so once it is planted.
  const child = spawn(process.execPath, [vitest, 'run', ...options, '--exclude', 'fuzz/planted.test.ts', ...files], {
    cwd: copy,
    stdio: 'ignore',
    detached: true,
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let isOverTime = false;
  const timer = setTimeout(() => {
    isOverTime = true;
    // The group, since tests run in processes of their own.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  child.once('exit', (code) => resolve(code));
  const code = await promise;
  clearTimeout(timer);
  if (isOverTime || code === 0) return { failure: undefined, isOverTime };
  const failure = firstFailure(copy, report) ?? 'an error outside of any test, such as a rejection that nobody handled';
  return { failure, isOverTime };
}
