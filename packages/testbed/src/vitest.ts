/** Connects the testbed to a test run; no other file of it uses vitest. */
import { describe, inject, onTestFinished } from 'vitest';
import { type DebianPackages, lastWords, unpackDebian } from './debian/unpack.ts';
import type { FoundRelease, HaproxyRelease, ReleaseName } from './haproxy/releases.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Provided by vitest-setup.ts, once for each run. */
    readonly haproxies: readonly FoundRelease[];
  }
}

/** Stops `started` when the test ends, passed or failed. @returns it. */
export function stopAfterTest<T extends { stop(): unknown }>(started: T): T {
  onTestFinished(async () => void (await started.stop()));
  return started;
}

/**
 * Declares the tests of `body` once for each HAProxy, or for each of those named. If one is not available, its tests are skipped,
 * with the reason in their name. In continuous integration (`CI` is set) that is a failure, unless the release may vanish.
 */
export function describeHaproxies(
  name: string,
  body: (release: HaproxyRelease) => void,
  only?: readonly ReleaseName[],
): void {
  for (const found of inject('haproxies')) {
    if (only?.includes(found.name) === false) continue;
    if (found.release !== undefined) {
      const { release } = found;
      describe(`${name}, HAProxy ${release.version}`, () => body(release));
      continue;
    }
    const missing = `HAProxy of Debian ${found.name} (${found.refusal})`;
    if (process.env['CI'] && !found.mayVanish) throw new Error(`expected ${missing}`);
    const absent = { name: found.name, version: '', fragments: false, program: '' };
    describe.skip(`${name}, ${missing}`, () => body(absent));
  }
}

/**
 * Declares tests that need programs of Debian's packages, with the folder of their launchers. If they are not available,
 * the tests are skipped, with the reason in their name; in continuous integration (`CI` is set) that is a failure.
 */
export async function describeWith(
  packages: DebianPackages,
  name: string,
  body: (folder: string) => void,
): Promise<void> {
  try {
    const folder = await unpackDebian(packages);
    describe(name, () => body(folder));
  } catch (error) {
    const missing = `${packages.packages.join(', ')} of Debian ${packages.suites.at(-1)} (${lastWords(error)})`;
    if (process.env['CI']) throw new Error(`expected ${missing}`, { cause: error });
    describe.skip(`${name}, ${missing}`, () => body(''));
  }
}
