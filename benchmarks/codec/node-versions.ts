import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** A Node executable and its version. */
export interface NodeBinary {
  path: string;
  version: string;
  v8: string;
}

/**
 * Finds the Node executables of a comma-separated list of paths and versions: `26`, `22.23.3,26.10.0`,
 * `/opt/node22/bin/node,26`. Versions come from the package registry, through npx.
 */
export function findNodes(list: string): NodeBinary[] {
  return list.split(',').map((entry) => describe(isPath(entry) ? path.resolve(entry) : download(entry)));
}

export const currentNode: NodeBinary = {
  path: process.execPath,
  version: process.versions.node,
  v8: process.versions.v8,
};

function isPath(entry: string): boolean {
  return entry.includes('/') || entry.includes('\\') || existsSync(entry);
}

function download(version: string): string {
  if (!/^\d+(\.\d+){0,2}$/.test(version)) {
    throw new Error(`expected a version such as 26 or 26.10.0, or the path of an executable; found '${version}'`);
  }
  return execFileSync('npx', ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  }).trim();
}

function describe(executable: string): NodeBinary {
  const script = 'process.versions.node + " " + process.versions.v8';
  const versions = execFileSync(executable, ['-p', script], { encoding: 'utf8', timeout: 10_000 });
  const [version = '', v8 = ''] = versions.trim().split(' ');
  return { path: executable, version, v8 };
}
