/** What ties the testbed to a test run; everything else in it does without vitest. */
import { describe, inject, onTestFinished } from 'vitest';
import type { FoundRelease, HaproxyRelease } from './haproxy/releases.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** By vitest-setup.ts, once for a run. */
    readonly haproxies: readonly FoundRelease[];
  }
}

/** Stops what a test has started when the test ends, in whatever way. @returns the same. */
export function stopAfterTest<T extends { stop(): unknown }>(started: T): T {
  onTestFinished(async () => void (await started.stop()));
  return started;
}

/**
 * Declares the tests of `body` once for each HAProxy. Where one is not to be had its tests are skipped, and the reason
 * stands in their name; in continuous integration (`CI` is set) that is a failure.
 */
export function describeHaproxies(name: string, body: (release: HaproxyRelease) => void): void {
  for (const { name: suite, release, refusal } of inject('haproxies')) {
    if (release !== undefined) {
      describe(`${name}, HAProxy ${release.version}`, () => body(release));
    } else {
      if (process.env['CI']) throw new Error(`no HAProxy of Debian ${suite} for the end-to-end tests: ${refusal}`);
      const absent = { name: suite, version: '', fragments: false, program: '' };
      describe.skip(`${name}, HAProxy of Debian ${suite} (${refusal})`, () => body(absent));
    }
  }
}
