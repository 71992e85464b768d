import { expect, it } from 'vitest';
import { fillIn, table } from './page.ts';

it('replaces the parts of a page, and nothing else', () => {
  const page = 'By hand.\n\n<!-- a -->\n\nold\n\n<!-- end of a -->\n\nMore.\n';
  const filled = fillIn(page, { a: table(['x | y', 'n'], [['one', '1']]) });
  const part = '| x \\| y | n |\n| --- | ---: |\n| one | 1 |';
  expect(filled).toBe(`By hand.\n\n<!-- a -->\n\n${part}\n\n<!-- end of a -->\n\nMore.\n`);
  expect(fillIn(filled, { a: ['old'] })).toBe(page);
});

it('refuses a page without the part', () => {
  expect(() => fillIn('<!-- a -->', { a: [] })).toThrow('end of a');
});
