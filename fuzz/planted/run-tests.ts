import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/** The result of the unit tests in a copy. */
export interface TestResult {
  /** The first test that failed; undefined if none did, or none within the time limit. */
  readonly failure: string | undefined;
  readonly isOverTime: boolean;
}

/** The part of vitest's JSON report that is read here. */
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

/** The first failure in the report. Tests and files that were stopped after a failure elsewhere have no message. */
function firstFailure(copy: string, path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8')) as TestReport;
  const files = report.testResults.map((file) => ({ ...file, name: file.name.replace(`${copy}/`, '') }));
  for (const { name, assertionResults } of files) {
    for (const { status, fullName, failureMessages } of assertionResults) {
      const [message] = failureMessages ?? [];
      if (status === 'failed' && message !== undefined) return `${name}: ${fullName} (${message.split('\n')[0]})`;
    }
  }
  const broken = files.find(({ status, message }) => status === 'failed' && message !== '');
  return broken === undefined ? undefined : `${broken.name}: ${broken.message?.split('\n')[0] ?? 'did not run'}`;
}

/**
 * Runs unit tests in a copy of the sources until the first one fails, or `limitMs` are over.
 *
 * @param files Test files, or folders of them, from the copy's root.
 */
export async function runTests(copy: string, files: readonly string[], limitMs: number): Promise<TestResult> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const projects = ['unit', 'example', 'fuzz'].flatMap((name) => ['--project', name]);
  const options = [...projects, '--bail', '1', '--reporter', 'json', '--outputFile', report];
  // A test fails because a fault no longer applies to the source once it is planted.
  const excluded = ['--exclude', 'fuzz/planted.test.ts'];
  const child = spawn(process.execPath, [vitest, 'run', ...options, ...excluded, ...files], {
    cwd: copy,
    stdio: 'ignore',
    detached: true,
  });
  let isOverTime = false;
  const timer = setTimeout(() => {
    isOverTime = true;
    // The whole group, since tests run in several processes.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  if (isOverTime || code === 0) return { failure: undefined, isOverTime };
  const failure = firstFailure(copy, report) ?? 'an error outside of any test, such as a rejection that nobody handled';
  return { failure, isOverTime };
}
