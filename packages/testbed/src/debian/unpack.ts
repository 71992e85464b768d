import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('unpack-debian.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/debian/', import.meta.url));
/** Far above the minute that the largest takes on a quiet machine. */
const TIMEOUT_S = 400;

/** The packages to unpack, and their suites. */
export interface DebianPackages {
  /** Names of packages with programs; the libraries that they need are unpacked, too. */
  readonly packages: readonly string[];
  /** Suites, such as `bookworm`. The packages are of the last one, their libraries of any of them. */
  readonly suites: readonly string[];
}

/**
 * Unpacks Debian's packages without installing them, once: later calls find them in node_modules/.cache. Needs apt-get
 * and dpkg-deb, and takes seconds to a minute the first time.
 *
 * @returns the folder with a launcher for each program of the packages.
 * @throws Error if they are not available; its message is one line that names the missing part.
 */
export async function unpackDebian({ packages, suites }: DebianPackages): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const folder = `${CACHE}${packages.join('+')}-${suites.at(-1)}-${process.arch}`;
  if (existsSync(folder)) return `${folder}/bin`;
  // Whole or not at all, even if two processes do it at once: the folder gets its name when it is complete.
  const partial = `${folder}.${process.pid}`;
  try {
    // `timeout` also ends the processes that the script has started, so that none of them writes into the folder any more.
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
  // The exit code of `timeout` if the time was over.
  if ('code' in error && error.code === 124) return `not unpacked within ${TIMEOUT_S} s`;
  const stderr = 'stderr' in error ? String(error.stderr).trim() : '';
  return (stderr || error.message).split('\n').at(-1) ?? '';
}
