import { globSync, readFileSync } from 'node:fs';
import { ErrorStatus } from '@spop/codec';
import { describe, expect, it } from 'vitest';

const page = readFileSync(new URL('errors.md', import.meta.url), 'utf8');

interface Entry {
  readonly code: string;
  readonly part: string;
  readonly text: string;
}

/** The entries of the page: `### \`CODE\`` under a `## part`, each with the text up to the next heading. */
function readEntries(): Entry[] {
  const entries: Entry[] = [];
  for (const part of page.split(/^## /m).slice(1)) {
    const [title = '', ...sections] = part.split(/^### /m);
    for (const section of sections) {
      const [, code = '', text = ''] = /^`(\w+)`\n(.*)$/s.exec(section) ?? [];
      entries.push({ code, part: title.split('\n')[0] ?? '', text });
    }
  }
  return entries;
}

/** The codes in the agent's sources that no error has: those of its warnings. */
function readWarnings(): string[] {
  const folder = new URL('../packages/agent/src/', import.meta.url);
  const sources = globSync('**/*.ts', { cwd: folder }).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const found = sources.flatMap((source) => [...source.matchAll(/'(SPOP_\w+)'/g)].map(([, code = '']) => code));
  return [...new Set(found)].filter((code) => !codes.includes(code));
}

const entries = readEntries();
const codes = Object.keys(ErrorStatus);

describe('docs/errors.md', () => {
  it('has every code of the source once, and no other', () => {
    expect(entries.map(({ code }) => code).toSorted()).toEqual(codes.toSorted());
  });

  it.each(Object.entries(ErrorStatus))(
    'says that %s sends status %s, and whose fault that makes it',
    (code, status) => {
      const entry = entries.find((each) => each.code === code);
      expect(entry?.text).toMatch(new RegExp(`^\\nStatus sent: ${status ?? 'none'}\\. \\w`));
      expect(entry?.part).toBe(status === null ? 'Your own faults' : "The peer's faults");
    },
  );

  it.each(entries.map((entry) => [entry.code, entry.text]))('says what to do about %s', (_, text) => {
    expect(text).toMatch(/^What to do: \w.+/m);
  });

  it('has every warning that the agent emits, and speaks of no code that does not exist', () => {
    const spoken = new Set(page.match(/SPOP_[A-Z_]+/g));
    const others = [...spoken].filter((code) => !codes.includes(code));
    expect(others.toSorted()).toEqual(readWarnings().toSorted());
  });
});
