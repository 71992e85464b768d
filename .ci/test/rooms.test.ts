import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The levels of each package's `src`, lowest first: see "Rooms" in ARCHITECTURE.md. A level is a folder, or a list of files
 * in `src` itself; all other files there are entry points, above all levels.
 */
const LEVELS: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  codec: [['constants', 'errors', 'printable', 'pool', 'quote'], 'wire', 'values', 'text', 'frames', 'notify', 'ack'],
  builder: [
    'data',
    'read',
    'build',
    'validate',
    'haproxy',
    'arbitraries',
    'assert',
    'conformance',
    'cli/capture',
    'cli',
    'cli/lint',
    'cli/commands',
  ],
  agent: [
    ['checks', 'thenable', 'output', 'turn', 'incomplete-bytes', 'notify-context', 'message-handler'],
    'observe',
    ['options', 'clock'],
    'notify',
    ['shared'],
    'session',
    'connection',
  ],
};

/** Imports and exports of other files, those of types included. */
const IMPORT = /^(?:import|export|\}) ?[^;'"]*?from '(\.[^']+)';|\bimport\('(\.[^']+)'\)/gm;

const packages = resolve(import.meta.dirname, '../../packages');

describe.each(Object.entries(LEVELS))('the rooms of %s', (name, levels) => {
  const src = resolve(packages, name, 'src');
  const files = globSync('**/*.ts', { cwd: src });

  /** The index of a file's level, the lowest first; entry points are above all levels, and files without a level below. */
  function heightOf(file: string): number {
    const folder = dirname(file);
    const stem = file.replace(/\.ts$/, '');
    const height = levels.findIndex((level) => (folder === '.' ? level.includes(stem) : level === folder));
    return height < 0 && folder === '.' ? levels.length : height;
  }

  it('contain every file, and every level has files', () => {
    expect(files.filter((file) => heightOf(file) < 0)).toEqual([]);
    expect(levels.filter((_, height) => !files.some((file) => heightOf(file) === height))).toEqual([]);
  });

  it('import nothing from a level above', () => {
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
