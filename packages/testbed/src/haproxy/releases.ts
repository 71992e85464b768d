/** The HAProxy releases that are tested and measured with, from Debian's packages. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { lastWords, unpackDebian } from '../debian/unpack.ts';

/**
 * Suites of Debian by the HAProxy branch that they brought first: 2.6, 3.0, 3.2, and 3.4 in experimental. Forky may move
 * on. What experimental has may be gone any day; its libraries are those of sid.
 */
const RELEASES = {
  bookworm: { suites: ['bookworm'], mayVanish: false },
  trixie: { suites: ['trixie'], mayVanish: false },
  forky: { suites: ['forky'], mayVanish: false },
  experimental: { suites: ['sid', 'experimental'], mayVanish: true },
} as const;

/** A suite of Debian that has a HAProxy. */
export type ReleaseName = keyof typeof RELEASES;

const RELEASE_NAMES: readonly ReleaseName[] = ['bookworm', 'trixie', 'forky', 'experimental'];

/** One HAProxy that can be started. */
export interface HaproxyRelease {
  /** Debian's suite. */
  readonly name: ReleaseName;
  /** As `haproxy -v` says it, without Debian's suffix: `3.0.11`. */
  readonly version: string;
  /**
   * True up to 3.0, whose SPOP client is an applet that fragments a NOTIFY above max-frame-size; HAProxy 3.1 and later
   * have another client, which refuses to send one.
   */
  readonly fragments: boolean;
  /** Path of the program. */
  readonly program: string;
}

/** One HAProxy, unpacked where the cache has none. Rejects where it cannot be had. */
async function findHaproxy(name: ReleaseName): Promise<HaproxyRelease> {
  const program = `${await unpackDebian({ packages: ['haproxy'], suites: RELEASES[name].suites })}/haproxy`;
  const { stdout } = await promisify(execFile)(program, ['-v']);
  const [version, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(stdout) ?? ['unknown', '0', '0'];
  return { name, version, fragments: Number(major) < 3 || (major === '3' && minor === '0'), program };
}

/** A release, or why it cannot be had. */
export type FoundRelease =
  | { readonly name: ReleaseName; readonly release: HaproxyRelease; readonly refusal?: undefined }
  | {
      readonly name: ReleaseName;
      readonly release?: undefined;
      readonly refusal: string;
      /** Whether that is no fault of this machine or its network. */
      readonly mayVanish: boolean;
    };

/** These releases, the oldest first, as far as they can be had; never rejects. */
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
 * These releases, the oldest first. One that may vanish is left out where it has, with the reason on stderr.
 *
 * @throws Error where another one cannot be had.
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
