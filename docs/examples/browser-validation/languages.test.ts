import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chooseLanguage, LANGUAGES } from './languages.ts';

describe('the language of the page', () => {
  it.each([
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['ja', 'en'],
    ['de', 'de'],
    ['de-CH', 'de'],
    ['PT-br', 'pt'],
    ['ja,fr;q=0.9,en;q=0.8', 'fr'],
    ['en;q=0.5, it ; q=0.7', 'it'],
    ['de;q=0', 'en'],
    ['de;q=x, es;q=0.1', 'es'],
    ['dex, es', 'es'],
    ['fr, de', 'fr'],
    [`${'xx,'.repeat(20)}de`, 'en'],
  ])('for %j is %s', (field, language) => {
    expect(chooseLanguage(field)).toBe(language);
  });

  it('has all texts, without quotes that would end an attribute', () => {
    const lines = readFileSync(new URL('texts.map', import.meta.url), 'utf8').split('\n');
    const keys = lines.flatMap((line) => /^(\w\w)\.([\w-]+) \S/.exec(line)?.slice(1, 3).join('.') ?? []);
    const names = keys.filter((key) => key.startsWith('en.')).map((key) => key.slice(3));
    const pages = ['check.html', 'message.html'].map((name) =>
      readFileSync(new URL(`pages/${name}`, import.meta.url), 'utf8'),
    );
    const used = [...pages.join('').matchAll(/concat\(\.([\w-]+)\)/g)].map(([, name]) => name);
    expect(new Set(names)).toEqual(
      new Set([...used, ...['cookies', 'refused', 'away', 'large'].flatMap((page) => [page, `${page}-title`])]),
    );
    expect(keys).toEqual(LANGUAGES.flatMap((language) => names.map((name) => `${language}.${name}`)));
    expect(lines.filter((line) => !line.startsWith('#') && line.includes('"'))).toEqual([]);
  });
});
