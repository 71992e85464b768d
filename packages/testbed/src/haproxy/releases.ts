/** The HAProxy releases that are tested and measured with, from Debian's packages. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { unpackDebian } from '../debian/unpack.ts';

/** Debian suites by the HAProxy branch that they brought first: 2.6, 3.0, 3.2. The last of them may move on. */
const RELEASES = {
  bookworm: { suites: ['bookworm'] },
  trixie: { suites: ['trixie'] },
  forky: { suites: ['forky'] },
} as const;

/** A suite of Debian that has a HAProxy. */
export type ReleaseName = keyof typeof RELEASES;
export const RELEASE_NAMES: readonly ReleaseName[] = Object.keys(RELEASES) as ReleaseName[];

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

/**
 * One HAProxy, unpacked where it is not there yet: seconds the first time, nothing afterwards.
 *
 * @throws Error where it cannot be had; its message is one line.
 */
export async function findHaproxy(name: ReleaseName): Promise<HaproxyRelease> {
  const program = `${await unpackDebian({ packages: ['haproxy'], suites: RELEASES[name].suites })}/haproxy`;
  const { stdout } = await promisify(execFile)(program, ['-v']);
  const [version, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(stdout) ?? ['unknown', '0', '0'];
  return { name, version, fragments: Number(major) < 3 || (major === '3' && minor === '0'), program };
}

/** {@link findHaproxy} for several releases, the oldest first. */
export function findHaproxies(names: readonly ReleaseName[] = RELEASE_NAMES): Promise<HaproxyRelease[]> {
  return Promise.all(names.map(findHaproxy));
}

/** A release, or why it cannot be had. */
export type FoundRelease =
  | { readonly name: ReleaseName; readonly release: HaproxyRelease; readonly refusal?: undefined }
  | { readonly name: ReleaseName; readonly release?: undefined; readonly refusal: string };

/** Every release, as far as it can be had; never rejects. */
export function lookForHaproxies(): Promise<FoundRelease[]> {
  return Promise.all(
    RELEASE_NAMES.map(async (name): Promise<FoundRelease> => {
      try {
        return { name, release: await findHaproxy(name) };
      } catch (error) {
        return { name, refusal: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
