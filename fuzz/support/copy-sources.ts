import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whether the path is a file. Git also lists files that were deleted, and node_modules may be a link. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * Copies the work tree's files that tests of packages, examples and fuzz need to a new folder, in which sources can be changed, and
 * returns its path. Installed modules are shared.
 */
export function copySources(): string {
  const copy = mkdtempSync(join(tmpdir(), 'spop-copy-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const needed = /^(packages|fuzz|docs|benchmarks|\.ci)\/|^[^/]+$/;
  for (const name of listed.split('\0')) {
    if (!needed.test(name) || !isFile(join(root, name))) continue;
    mkdirSync(dirname(join(copy, name)), { recursive: true });
    cpSync(join(root, name), join(copy, name), { verbatimSymlinks: true });
  }
  for (const folder of globSync('{packages/*,docs,fuzz}', { cwd: root })) {
    const modules = join(root, folder, 'node_modules');
    if (existsSync(modules))
      cpSync(modules, join(copy, folder, 'node_modules'), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
