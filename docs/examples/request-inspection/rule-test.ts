/** The tests of a rule on texts. */
import { compilePattern } from './pattern.ts';
import type { Test } from './rule.ts';

const TESTS: Readonly<Record<string, (rest: string) => Test>> = {
  matches(source) {
    const pattern = compilePattern(source);
    return ({ joined }) => joined !== '' && pattern.test(joined);
  },
  contains(rest) {
    const words = listOf(rest);
    return ({ joined }) => words.some((word) => joined.includes(word));
  },
  is(rest) {
    const words = new Set(listOf(rest));
    return ({ list }) => list.some((text) => words.has(text));
  },
  'is-not'(rest) {
    const words = new Set(listOf(rest));
    return ({ list }) => list.some((text) => !words.has(text));
  },
  'longer-than'(rest) {
    const limit = /^\d{1,6}$/.test(rest) ? Number(rest) : undefined;
    if (limit === undefined) throw new Error(`expected a number of characters; found "${rest}"`);
    return ({ list }) => list.some((text) => text.length > limit);
  },
  missing(rest) {
    if (rest !== '') throw new Error(`expected nothing after "missing"; found "${rest}"`);
    return ({ list }) => list.every((text) => text === '');
  },
};

/** The words that a test begins with. */
export const TEST_WORDS: readonly string[] = Object.keys(TESTS);

/** @throws Error that says what was expected after the word. */
export function parseTest(word: string, rest: string): Test {
  const parse = TESTS[word];
  if (parse === undefined) throw new Error(`expected one of ${TEST_WORDS.join(', ')}`);
  return parse(rest);
}

/** Texts separated by commas, in lower case like the texts they are compared with. */
function listOf(rest: string): string[] {
  const list = rest.split(',').map((each) => each.trim().toLowerCase());
  if (list.includes('')) throw new Error('expected texts with commas between them');
  return list;
}
