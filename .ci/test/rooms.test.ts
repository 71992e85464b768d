import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The folders of each package, lowest first: see "Rooms" in ARCHITECTURE.md. Of the files in `src` itself, those of
 * `base` stand below all folders; the others are entry points and stand above.
 */
const ROOMS: Readonly<Record<string, { readonly base: readonly string[]; readonly folders: readonly string[] }>> = {
  codec: { base: ['constants', 'errors', 'printable', 'pool'], folders: ['wire', 'values', 'frames', 'notify', 'ack'] },
  builder: { base: [], folders: ['data', 'read', 'build', 'validate', 'haproxy', 'arbitraries', 'assert'] },
};

/** Imports and exports of other files, those of types included. */
const IMPORT = /^(?:import|export|\}) ?[^;'"]*?from '(\.[^']+)';|\bimport\('(\.[^']+)'\)/gm;

const packages = resolve(import.meta.dirname, '../../packages');

describe.each(Object.entries(ROOMS))('the rooms of %s', (name, { base, folders }) => {
  const src = resolve(packages, name, 'src');
  const files = globSync('**/*.ts', { cwd: src });

  /** How high a file stands: 0 for the base, then its folder's place, and the entry points above all. */
  function heightOf(file: string): number {
    const folder = dirname(file);
    if (folder === '.') return base.includes(file.replace(/\.ts$/, '')) ? 0 : folders.length + 1;
    return folders.indexOf(folder) + 1;
  }

  it('have every file', () => {
    expect(files.filter((file) => dirname(file) !== '.' && heightOf(file) === 0)).toEqual([]);
    expect(folders.filter((folder) => !files.some((file) => dirname(file) === folder))).toEqual([]);
  });

  it('import nothing from a room above', () => {
    const imports = files.flatMap((file) => {
      const text = readFileSync(resolve(src, file), 'utf8');
      return [...text.matchAll(IMPORT)].map(([, path = '', dynamic = '']) => ({
        file,
        target: relative(src, resolve(src, dirname(file), path || dynamic)),
      }));
    });
    expect(imports.length).toBeGreaterThan(files.length);
    expect(imports.filter(({ file, target }) => heightOf(target) > heightOf(file))).toEqual([]);
  });
});
