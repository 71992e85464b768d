/** The HAProxy releases for tests and benchmarks, from Debian's packages. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { lastWords, unpackDebian } from '../debian/unpack.ts';

/**
 * Suites of Debian by their first HAProxy branch: 2.6, 3.0, 3.2, and 3.4 in experimental. Forky may get a later one. A
 * package of experimental may disappear any day; its libraries are those of sid.
 */
const RELEASES = {
  bookworm: { suites: ['bookworm'], mayVanish: false },
  trixie: { suites: ['trixie'], mayVanish: false },
  forky: { suites: ['forky'], mayVanish: false },
  experimental: { suites: ['sid', 'experimental'], mayVanish: true },
} as const;

/** A suite of Debian with a HAProxy. */
export type ReleaseName = keyof typeof RELEASES;

const RELEASE_NAMES: readonly ReleaseName[] = ['bookworm', 'trixie', 'forky', 'experimental'];

/** One HAProxy that can be started. */
export interface HaproxyRelease {
  /** Debian's suite. */
  readonly name: ReleaseName;
  /** The version in `haproxy -v`, without Debian's suffix: `3.0.11`. */
  readonly version: string;
  /**
   * True up to 3.0, whose SPOP client is an applet that fragments a NOTIFY above max-frame-size; HAProxy 3.1 and later
   * have another client, which refuses to send one.
   */
  readonly fragments: boolean;
  /** Path of the program. */
  readonly program: string;
}

/** One HAProxy, unpacked if it is not in the cache. Rejects if it is not available. */
async function findHaproxy(name: ReleaseName): Promise<HaproxyRelease> {
  const program = `${await unpackDebian({ packages: ['haproxy'], suites: RELEASES[name].suites })}/haproxy`;
  const { stdout } = await promisify(execFile)(program, ['-v']);
  const [version, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(stdout) ?? ['unknown', '0', '0'];
  return { name, version, fragments: Number(major) < 3 || (major === '3' && minor === '0'), program };
}

/** A release, or the reason why it is not available. */
export type FoundRelease =
  | { readonly name: ReleaseName; readonly release: HaproxyRelease; readonly refusal?: undefined }
  | {
      readonly name: ReleaseName;
      readonly release?: undefined;
      readonly refusal: string;
      /** True if this is no fault of this machine or its network. */
      readonly mayVanish: boolean;
    };

/** These releases, the oldest first, with the reason for each that is not available; never rejects. */
export function lookForHaproxies(names: readonly ReleaseName[] = RELEASE_NAMES): Promise<FoundRelease[]> {
  return Promise.all(
    names.map(async (name): Promise<FoundRelease> => {
      try {
        return { name, release: await findHaproxy(name) };
      } catch (error) {
        return { name, refusal: lastWords(error), mayVanish: RELEASES[name].mayVanish };
      }
    }),
  );
}

/**
 * These releases, the oldest first. One that may vanish is omitted if it has, with the reason on stderr.
 *
 * @throws Error if another one is not available.
 */
export async function findHaproxies(names?: readonly ReleaseName[]): Promise<HaproxyRelease[]> {
  const releases: HaproxyRelease[] = [];
  for (const found of await lookForHaproxies(names)) {
    if (found.release !== undefined) releases.push(found.release);
    else if (found.mayVanish) console.warn(`without HAProxy of Debian ${found.name}: ${found.refusal}`);
    else throw new Error(found.refusal);
  }
  return releases;
}
