import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('unpack-debian.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/debian/', import.meta.url));
/** Far above the minute that the largest takes on a machine of its own. */
const TIMEOUT_S = 400;

/** What to unpack, and from where. */
export interface DebianPackages {
  /** Names of packages with programs; the libraries that they need come with them. */
  readonly packages: readonly string[];
  /** Suites, `bookworm` for instance. The packages come from the last, their libraries from any of them. */
  readonly suites: readonly string[];
}

/**
 * Unpacks Debian's packages without installing them, once: later calls find them in node_modules/.cache. Needs apt-get
 * and dpkg-deb, and takes seconds to a minute the first time.
 *
 * @returns the folder with a launcher for each program of the packages.
 * @throws Error where they cannot be had; its message is one line that says what is missing.
 */
export async function unpackDebian({ packages, suites }: DebianPackages): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const folder = `${CACHE}${packages.join('+')}-${suites.at(-1)}-${process.arch}`;
  if (existsSync(folder)) return `${folder}/bin`;
  // Whole or not at all, also where two processes are at it: the folder gets its name when it is complete.
  const partial = `${folder}.${process.pid}`;
  try {
    // `timeout` ends what the script has started as well, so that nothing writes into the folder any more.
    await promisify(execFile)('timeout', [`${TIMEOUT_S}`, SCRIPT, suites.join(), partial, ...packages]);
    await rename(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw new Error(lastWords(error), { cause: error });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return `${folder}/bin`;
}

/** Why a program failed: the last line that it wrote to stderr, or of the error's message. */
export function lastWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The exit code of `timeout` where the time was over.
  if ('code' in error && error.code === 124) return `not unpacked within ${TIMEOUT_S} s`;
  const stderr = 'stderr' in error ? String(error.stderr).trim() : '';
  return (stderr || error.message).split('\n').at(-1) ?? '';
}
