import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly '@spop/source': string }>>;
}

const packages = resolve(import.meta.dirname, '../../packages');
const names = ['codec', 'agent', 'builder'];

/** `export { a, type B as C } from 'x'`, with or without `from`; `export * from 'x'`; `export * as a from 'x'`. */
const LIST = /^export (?:type )?(?:\{(?<list>[^}]*)\}|\*(?: as (?<namespace>\w+))?)(?: from '(?<from>[^']+)')?;/gm;
/** `export function a`, `export const A`, `export interface B` and similar. */
const DECLARATION = /^export (?:abstract |async )?(?:class|const|function|interface|type) (\w+)/gm;

/** The sources of a package's entry points, except those that only our own packages use. */
function entryPoints(name: string): string[] {
  const manifest = JSON.parse(readFileSync(resolve(packages, name, 'package.json'), 'utf8')) as Manifest;
  return Object.entries(manifest.exports).flatMap(([entry, target]) =>
    typeof target === 'string' || entry === './internal' ? [] : [resolve(packages, name, target['@spop/source'])],
  );
}

/** The exports of a file, with the place of each declaration: `<file>#<name>`. */
function exportsOf(file: string): Map<string, string> {
  const text = readFileSync(file, 'utf8');
  const found = new Map<string, string>();
  for (const [, name = ''] of text.matchAll(DECLARATION)) found.set(name, `${file}#${name}`);
  for (const { groups = {} } of text.matchAll(LIST)) {
    const { list, namespace, from } = groups;
    const target = from?.replace(/^@spop\/(\w+)$/, `${packages}/$1/src/index.ts`);
    const source = target === undefined ? undefined : exportsOf(resolve(dirname(file), target));
    if (namespace !== undefined) found.set(namespace, `${file}#${namespace}`);
    if (list === undefined && namespace === undefined) source?.forEach((origin, name) => found.set(name, origin));
    for (const item of list?.split(',') ?? []) {
      const [name = '', alias = name] = item
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (name !== '') found.set(alias, source === undefined ? `${file}#${alias}` : (source.get(name) ?? 'nowhere'));
    }
  }
  return found;
}

/** The report of an entry point; `.ci/api-report.ts` keeps it up to date. */
function report(name: string, entryPoint: string): string {
  const file = `${basename(entryPoint, '.ts').replace('index', name)}.api.md`;
  return readFileSync(resolve(packages, name, 'etc', file), 'utf8');
}

/** The exports that the report of an entry point lists. */
function reported(name: string, entryPoint: string): string[] {
  const listed =
    /^(?:export \{ (\w+) \}|export (?:abstract )?(?:class|const|function|interface|type) (\w+)|declare namespace (\w+))/gm;
  return [...report(name, entryPoint).matchAll(listed)].map(
    ([, again, declared, namespace]) => again ?? declared ?? namespace ?? '',
  );
}

describe('the names of the packages', () => {
  const all = names.flatMap((name) => entryPoints(name).map((file) => ({ name, file, found: exportsOf(file) })));

  it.each(all)('are all found: $file', ({ name, file, found }) => {
    expect([...found.keys()].toSorted()).toEqual([...new Set(reported(name, file))].toSorted());
    expect([...found.values()]).not.toContain('nowhere');
  });

  it.each(all)('have a docstring each: $file', ({ name, file }) => {
    // API Extractor's mark for an export without a summary: `// @public (undocumented)`, on the line above the export.
    const found = [...report(name, file).matchAll(/^\/\/ .*\(undocumented\)\n(.*)/gm)].map(([, line]) => line);
    expect(found).toEqual([]);
  });

  it.each(all)('have a docstring for each function, accessor and option of theirs: $file', ({ name, file }) => {
    const found = [...report(name, file).matchAll(/^ +\/\/ .*\(undocumented\)\n +(.*)/gm)].map(([, line = '']) => line);
    expect(found.filter((line) => /\(|\?:/.test(line))).toEqual([]);
  });

  it('have one meaning each, in any packages that a test imports', () => {
    const meanings = Map.groupBy(
      all.flatMap(({ found }) => [...found]),
      ([name]) => name,
    );
    const origins = [...meanings].map(([name, entries]) => ({ name, origins: new Set(entries.map(([, at]) => at)) }));
    expect(origins.filter((each) => each.origins.size > 1)).toEqual([]);
    // The agent exports names of the codec again, with the same meaning.
    expect(meanings.get('defineMessage')).toHaveLength(2);
  });
});
