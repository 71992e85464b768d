import { execFileSync } from 'node:child_process';

/** The path of the Node executable of a version such as `26.10.0`, which comes from the package registry through npx. */
export function findNode(version: string): string {
  return execFileSync('npx', ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
  }).trim();
}
