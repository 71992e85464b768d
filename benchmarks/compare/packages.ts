import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The packages of a commit, or of the working tree as it was, in a folder of their own. */
export interface Packages {
  /** The commit, or `working tree`. */
  readonly label: string;
  readonly root: string;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const NAMES = ['codec', 'builder', 'agent'];

/**
 * Copies the packages of a commit, or of the working tree without one, into a temporary folder where `@spop/*` can be
 * imported; it is removed when this process ends. Nothing is installed: the packages import nothing else. The working tree is
 * copied too, so that it can be changed during a run.
 *
 * @param builder The packages whose builder makes the frames, since that of an early commit lacks what the cases ask of it; the
 * same packages by default.
 */
export function copyPackages(revision?: string, builder?: Packages): Packages {
  const root = mkdtempSync(path.join(os.tmpdir(), 'spop-bench-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  const label = revision === undefined ? copyTree(root) : copyCommit(root, revision);
  mkdirSync(path.join(root, 'node_modules/@spop'), { recursive: true });
  for (const name of NAMES) {
    const from = name === 'builder' && builder !== undefined ? builder.root : root;
    const folder = path.join(from, 'packages', name);
    if (existsSync(folder)) symlinkSync(folder, path.join(root, 'node_modules/@spop', name));
  }
  return { label, root };
}

function copyTree(root: string): string {
  const filter = (source: string): boolean => !['node_modules', 'dist', 'test'].includes(path.basename(source));
  cpSync(path.join(REPOSITORY, 'packages'), path.join(root, 'packages'), { recursive: true, filter });
  return 'working tree';
}

function copyCommit(root: string, revision: string): string {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', args, { cwd: REPOSITORY, timeout: 60_000, maxBuffer: 2 ** 28 });
  const commit = git('rev-parse', '--verify', '--short=10', `${revision}^{commit}`).toString().trim();
  execFileSync('tar', ['-x', '-C', root], { input: git('archive', commit, 'packages'), timeout: 60_000 });
  return commit;
}
