import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A commit in a folder of its own, outside of the repository. */
export interface Checkout {
  commit: string;
  root: string;
  /** Removes the folder and git's record of it. */
  remove(): void;
}

/**
 * Checks a commit out into a temporary folder, with the packages of that commit where its benchmarks look for them:
 * nothing is installed, since a measured process imports nothing else.
 */
export function checkOut(repository: string, revision: string): Checkout {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', repository, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const commit = git('rev-parse', '--verify', '--short=10', `${revision}^{commit}`).trim();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'spop-bench-'));
  const root = path.join(folder, commit);
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    git('worktree', 'prune');
  };
  try {
    git('worktree', 'add', '--detach', root, commit);
    const scope = path.join(root, 'benchmarks/node_modules/@spop');
    mkdirSync(scope, { recursive: true });
    for (const name of ['codec', 'builder', 'agent']) {
      if (existsSync(path.join(root, 'packages', name)))
        symlinkSync(path.join(root, 'packages', name), path.join(scope, name));
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { commit, root, remove };
}
