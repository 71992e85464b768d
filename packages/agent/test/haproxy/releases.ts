/** The HAProxy releases that the end-to-end tests run against, from Debian's packages. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from 'vitest';

const UNPACK_SCRIPT = fileURLToPath(new URL('unpack-haproxy.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/spop-haproxy/', import.meta.url));
const UNPACK_TIMEOUT_MS = 180_000;
const REFUSAL = `${CACHE}refusal.txt`;
const REFUSAL_COUNTS_FOR_MS = 60_000;

/** Debian suites by the HAProxy branch they brought first: 2.6, 3.0, 3.2. The last of them may move on. */
const SUITES = ['bookworm', 'trixie', 'forky'] as const;
type Suite = (typeof SUITES)[number];

/** One HAProxy that can be started. */
export interface HaproxyRelease {
  readonly suite: Suite;
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

function programOf(suite: Suite): string {
  return `${CACHE}${suite}-${process.arch}/haproxy`;
}

async function unpack(suite: Suite): Promise<void> {
  const program = programOf(suite);
  if (existsSync(program)) return;
  // Whole or not at all, also where two processes are at it: the folder gets its name when it is complete.
  const partial = `${CACHE}${suite}-${process.arch}.${process.pid}`;
  try {
    await promisify(execFile)(UNPACK_SCRIPT, [suite, partial], { timeout: UNPACK_TIMEOUT_MS });
    await rename(partial, `${CACHE}${suite}-${process.arch}`);
  } catch (error) {
    if (!existsSync(program)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function inspect(suite: Suite): HaproxyRelease {
  const program = programOf(suite);
  const banner = execFileSync(program, ['-v'], { encoding: 'utf8' });
  const [version, major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(banner) ?? ['unknown', '0', '0'];
  return { suite, version, fragments: Number(major) < 3 || (major === '3' && minor === '0'), program };
}

/** Unpacks what is not there yet. @returns why that cannot be done, or undefined. */
async function unpackAll(): Promise<string | undefined> {
  await mkdir(CACHE, { recursive: true });
  const outcomes = await Promise.allSettled(SUITES.map(unpack));
  const error: unknown = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
  if (error === undefined) return undefined;
  // The script's last line says what is missing.
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
  const reason = stderr || (error instanceof Error ? error.message : 'HAProxy could not be unpacked');
  await writeFile(REFUSAL, reason);
  return reason;
}

/** The reason that another test file has found in this run or just before: a network that is down is not asked again. */
async function recentRefusal(): Promise<string | undefined> {
  try {
    const { mtimeMs } = await stat(REFUSAL);
    return Date.now() - mtimeMs < REFUSAL_COUNTS_FOR_MS ? await readFile(REFUSAL, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Declares the tests of `body` once for each HAProxy. What the cache does not have yet is unpacked before: seconds the
 * first time, nothing afterwards. Where there is no HAProxy to be had, the tests are skipped and the reason is printed;
 * in continuous integration (`CI` is set) that is a failure.
 */
export async function describeHaproxies(name: string, body: (release: HaproxyRelease) => void): Promise<void> {
  const reason = (await recentRefusal()) ?? (await unpackAll());
  if (reason !== undefined) {
    if (process.env['CI']) throw new Error(`no HAProxy for the end-to-end tests: ${reason}`);
    console.warn(`The end-to-end tests are skipped: ${reason}`);
    describe.skip(`${name} (${reason})`, () => body({ suite: 'trixie', version: '', fragments: false, program: '' }));
    return;
  }
  for (const release of SUITES.map(inspect)) describe(`${name}, HAProxy ${release.version}`, () => body(release));
}
