/** The text form of rules; README.md has it with examples. */
import { messageOf } from '../shared/message-of.ts';
import { TARGETS } from './parts.ts';
import type { Outcome, Rule, Scope, Side, Target } from './rule.ts';
import { parseTest, TEST_WORDS } from './rule-test.ts';

/** A line within a rule. */
interface Line {
  readonly number: number;
  readonly word: string;
  readonly rest: string;
}

const OUTCOME_WORDS = ['score', 'deny', 'drop', 'redirect', 'allow'];
const SCOPE_WORDS = ['apps', 'paths', 'except-paths', 'except-arguments'];
const WORDS = ['in', ...TEST_WORDS, ...SCOPE_WORDS, ...OUTCOME_WORDS];
const MAX_SHOWN = 20;
/** An answer has room for 816 bytes, of which this is the largest part. */
const MAX_URL = 400;

/** The rules of a file, each list in the file's order. */
export type RuleSet = Readonly<Record<Side, readonly Rule[]>>;

/** @throws Error with a line for each wrong rule: its line, its number, and the expected form. */
export function parseRules(text: string): RuleSet {
  const rules = new Map<number, Rule>();
  const problems: string[] = [];
  for (const [head, ...lines] of splitRules(text)) {
    if (head === undefined) continue;
    try {
      const rule = parseRule(head, lines);
      if (rules.has(rule.id)) throw problem(head, 'expected each rule once');
      rules.set(rule.id, rule);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > MAX_SHOWN) problems.splice(MAX_SHOWN, Infinity, `and ${problems.length - MAX_SHOWN} more`);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (rules.size === 0) throw new Error('expected at least one rule');
  const all = [...rules.values()];
  return {
    request: all.filter(({ side }) => side === 'request'),
    response: all.filter(({ side }) => side === 'response'),
  };
}

/** The lines of each rule, the first of which names it; lines that begin with `#` are comments. */
function splitRules(text: string): Line[][] {
  const rules: Line[][] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) ?? [];
    if (word === '' || word.startsWith('#')) continue;
    const parsed = { number: index + 1, word, rest };
    if (word === 'rule' || rules.length === 0) rules.push([parsed]);
    else rules.at(-1)?.push(parsed);
  }
  return rules;
}

function parseRule(head: Line, lines: readonly Line[]): Rule {
  const [, id = '', title = ''] = /^(\d{1,9})\s+(.+)$/.exec(head.rest) ?? [];
  if (head.word !== 'rule' || title === '') throw problem(head, 'expected "rule", a number and what it is for');
  const name = `rule ${id}`;
  for (const line of lines) {
    if (!WORDS.includes(line.word))
      throw problem(line, `${name}: expected one of ${WORDS.join(', ')}; found "${line.word}"`);
  }
  const within = <T>(line: Line, parse: () => T): T => {
    try {
      return parse();
    } catch (error) {
      throw problem(line, `${name}: ${messageOf(error)}`);
    }
  };
  const one = (words: readonly string[], what: string): Line => {
    const found = lines.filter(({ word }) => words.includes(word));
    if (found[0] === undefined || found.length > 1) {
      throw problem(found[1] ?? head, `${name}: expected one line that says ${what}: ${words.join(', ')}`);
    }
    return found[0];
  };
  const inLine = one(['in'], 'what to look at');
  const { side, targets } = within(inLine, () => parseTargets(inLine.rest));
  const tests = lines
    .filter(({ word }) => TEST_WORDS.includes(word))
    .map((line) => within(line, () => parseTest(line.word, line.rest)));
  if (tests.length === 0) throw problem(head, `${name}: expected a line of ${TEST_WORDS.join(', ')}`);
  const outcome = one(OUTCOME_WORDS, 'what to do');
  return {
    id: Number(id),
    title,
    side,
    targets,
    test: (texts) => tests.some((test) => test(texts)),
    outcome: within(outcome, () => parseOutcome(outcome)),
    scope: parseScope(lines, within),
  };
}

function problem({ number }: Line, text: string): Error {
  return new Error(`line ${number}: ${text}`);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function parseTargets(text: string): Pick<Rule, 'side' | 'targets'> {
  const words = wordsOf(text);
  for (const side of ['request', 'response'] as const) {
    const { plain, named } = TARGETS[side];
    const targets = words.map((word): Target | undefined => {
      const [, part = '', name] = /^([a-z-]+)(?:\.(\S+))?$/.exec(word.toLowerCase()) ?? [];
      const isKnown =
        named.some((known) => known === part) || (name === undefined && plain.some((known) => known === part));
      return isKnown ? { part, name } : undefined;
    });
    const known = targets.filter((target) => target !== undefined);
    if (known.length > 0 && known.length === words.length) return { side, targets: known };
  }
  const lists = Object.entries(TARGETS).map(
    ([side, { plain, named }]) =>
      `parts of a ${side} (${[...plain, ...named, ...named.map((part) => `${part}.NAME`)].join(', ')})`,
  );
  throw new Error(`expected ${lists.join('; or ')}; found "${text}"`);
}

function parseOutcome({ word, rest }: Line): Outcome {
  switch (word) {
    case 'score':
      return { kind: 'score', score: parseNumber(rest, 1, 1_000) };
    case 'deny':
      return { kind: 'deny', status: rest === '' ? 403 : parseNumber(rest, 400, 599) };
    case 'redirect':
      if (!/^(?:https?:\/)?\/[\x21-\x7e]*$/.test(rest) || rest.length > MAX_URL) {
        throw new Error(`expected a URL or a path of at most ${MAX_URL} characters; found "${rest}"`);
      }
      return { kind: 'redirect', url: rest };
    default:
      if (rest !== '') throw new Error(`expected nothing after "${word}"; found "${rest}"`);
      return word === 'drop' ? { kind: 'drop' } : { kind: 'allow' };
  }
}

/** @throws Error if it is not a whole number from `min` to `max`. */
function parseNumber(text: string, min: number, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new Error(`expected a whole number from ${min} to ${max}; found "${text}"`);
  return value;
}

function parseScope(lines: readonly Line[], within: <T>(line: Line, parse: () => T) => T): Scope {
  const listOf = (word: string): string[] =>
    lines
      .filter((line) => line.word === word)
      .flatMap((line) =>
        within(line, () => {
          const list = wordsOf(line.rest);
          if (list.length === 0) throw new Error(`expected words after "${word}"`);
          if (word.endsWith('paths') && list.some((path) => !/^\/(?:.*[^/])?$/.test(path))) {
            throw new Error(`expected paths that begin with / and do not end with it; found "${line.rest}"`);
          }
          return word === 'apps' ? list : list.map((each) => each.toLowerCase());
        }),
      );
  return {
    apps: listOf('apps'),
    paths: listOf('paths'),
    exceptPaths: listOf('except-paths'),
    exceptArguments: listOf('except-arguments'),
  };
}
