import { writeSync } from 'node:fs';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Counts tests by their state, and one failure for each error in a module, in a suite, or outside of both. A test
 * without a result has failed. A run in which no test passed, or that failed for an unknown reason, counts as one failure.
 */
function count(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): Counts {
  const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  if (counts.failed === 0 && (reason !== 'passed' || counts.passed === 0)) counts.failed = 1;
  return counts;
}

/**
 * Ends the output of a test run with one plain line for CI: `N passed, N failed`, and `, N skipped` if tests were
 * skipped. It is written when the process exits, after the output of other reporters and of the coverage. The exit code is
 * known by then; it is 0 if and only if the line says `0 failed`.
 */
export default class ClosingLine implements Reporter {
  #counts: Counts = { passed: 0, failed: 1, skipped: 0 };

  onInit(): void {
    process.once('exit', (code) => {
      const { passed, skipped } = this.#counts;
      const failed = Math.max(this.#counts.failed, code === 0 ? 0 : 1);
      if (code === 0 && failed > 0) process.exitCode = 1;
      writeSync(1, `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    this.#counts = count(modules, unhandledErrors, reason);
  }
}
