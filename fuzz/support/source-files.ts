import { existsSync, globSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The source files of a package, in folders of any depth, by their paths from the repository's root. */
export function sourceFiles(name: 'codec' | 'builder' | 'agent'): string[] {
  const folder = `packages/${name}/src`;
  if (!existsSync(`${root}/${folder}`))
    throw new Error(`expected the sources of ${name} in ${folder}; found no such folder`);
  const files = globSync(`${folder}/**/*.ts`, { cwd: root }).toSorted();
  if (files.length === 0) throw new Error(`expected the sources of ${name} in ${folder}; found no file`);
  return files;
}

/**
 * The one source file of a package whose name is `name`.ts, in any folder.
 *
 * @throws {Error} if there is none, or more than one.
 */
export function sourceFile(packageName: 'codec' | 'builder' | 'agent', name: string): string {
  const found = sourceFiles(packageName).filter((file) => basename(file) === `${name}.ts`);
  if (found.length !== 1) {
    throw new Error(`expected one source file ${name}.ts in ${packageName}; found ${found.join(', ') || 'none'}`);
  }
  return found[0]!;
}
