import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { haproxyConfig } from '@spop-internal/testbed/haproxy/config';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const files = globSync(['*.md', '{packages,docs,benchmarks,fuzz,.changeset}/**/*.{cfg,conf,md,ts}'], {
  cwd: root,
  // Constructs of public agents' configurations need not follow this rule: they are tests of `spop lint`.
  exclude: [
    '**/node_modules',
    '**/fixtures',
    'docs/reference',
    '**/dist',
    '**/*.api.md',
    '**/lint/public-constructs.test.ts',
  ],
}).toSorted();

/** The lines of every `defaults` section in a text: a configuration, a Markdown page, or code with one in a template. */
function defaultsSections(text: string): string[] {
  return [...text.matchAll(/^( *)defaults\b[^\n]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n)+)/gm)].map(
    ([, , lines = '']) => lines,
  );
}

/** The line that keeps HAProxy 3.4 and later waiting for the agent when a client closes, and a comment before it. */
const SAYS_WHY = /^ *#.*\n *no option abortonclose$/m;

describe('HAProxy configurations', () => {
  const found = files.flatMap((file) =>
    defaultsSections(readFileSync(join(root, file), 'utf8')).map((lines) => ({ file, lines })),
  );

  it('are found in every kind of file', () => {
    const names = found.map(({ file }) => file);
    for (const kind of ['.cfg', '.md', '.ts']) expect(names.filter((name) => name.endsWith(kind))).not.toEqual([]);
  });

  it.each(found)('of $file have no option abortonclose, and say why', ({ lines }) => {
    expect(lines).toMatch(SAYS_WHY);
  });

  it('of the testbed have no option abortonclose', () => {
    const [lines] = defaultsSections(haproxyConfig({ messages: {} }, '127.0.0.1:9000'));
    expect(lines).toMatch(/^ *no option abortonclose$/m);
  });
});
