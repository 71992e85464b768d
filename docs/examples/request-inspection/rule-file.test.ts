import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRules } from './rule-file.ts';
import { Texts } from './parts.ts';

describe('parseRules', () => {
  it('reads rules with all kinds of lines', () => {
    const { request, response } = parseRules(`
# A comment
rule 7 Something # that is no comment
  in argument.Id HEADER cookie.a
  matches  a b#c$
  contains X, y z
  apps     Shop other
  paths    /A /b/c
  except-paths /
  except-arguments Q r
  redirect https://a.test/?x=1

rule 8 Of a response
\tin response-header.Server
\tmissing
\tscore 1000`);
    const [rule] = request;
    expect(rule).toMatchObject({
      id: 7,
      title: 'Something # that is no comment',
      side: 'request',
      targets: [
        { part: 'argument', name: 'id' },
        { part: 'header', name: undefined },
        { part: 'cookie', name: 'a' },
      ],
      outcome: { kind: 'redirect', url: 'https://a.test/?x=1' },
      scope: { apps: ['Shop', 'other'], paths: ['/a', '/b/c'], exceptPaths: ['/'], exceptArguments: ['q', 'r'] },
    });
    const hits = ['a b#c', 'a b#cd', 'axb', 'y  z', 'y z!'].filter((text) => rule?.test(new Texts([text])));
    expect(hits).toEqual(['a b#c', 'axb', 'y z!']);
    expect(response).toMatchObject([{ id: 8, side: 'response', outcome: { kind: 'score', score: 1_000 } }]);
  });

  const lines = (...changed: string[]): string =>
    ['rule 1 x', 'in query', 'contains y', 'score 1', ...changed].join('\n');

  it.each([
    ['', 'expected at least one rule'],
    ['# nothing', 'expected at least one rule'],
    ['in query', 'line 1: expected "rule", a number and what it is for'],
    ['rule x y', 'line 1: expected "rule", a number and what it is for'],
    ['rule 1', 'line 1: expected "rule", a number and what it is for'],
    ['rule 1 x', 'line 1: rule 1: expected one line that says what to look at: in'],
    ['rule 1 x\nin query\nscore 1', 'line 1: rule 1: expected a line of matches, contains'],
    ['rule 1 x\nin query\ncontains y', 'line 1: rule 1: expected one line that says what to do: score, deny'],
    [lines('deny'), 'line 5: rule 1: expected one line that says what to do: score, deny'],
    [lines('in path'), 'line 5: rule 1: expected one line that says what to look at: in'],
    [lines('Contains z'), 'line 5: rule 1: expected one of in, matches, contains, .*; found "Contains"'],
    [lines('', lines()), 'line 6: expected each rule once'],
    ['rule 1 x\nin queries', 'line 2: rule 1: expected parts of a request \\(client, .*header.NAME.*; found "queries"'],
    ['rule 1 x\nin path status', 'line 2: rule 1: expected parts of a request .*; found "path status"'],
    ['rule 1 x\nin path.x', 'line 2: rule 1: expected parts of a request .*; found "path.x"'],
    ['rule 1 x\nin', 'line 2: rule 1: expected parts of a request .*; found ""'],
    [lines('matches (a'), 'line 5: rule 1: expected a pattern as RE2 has them: missing closing \\)'],
    [lines('matches (?=a)b'), 'line 5: rule 1: expected a pattern as RE2 has them: .*\\(\\?='],
    [lines('matches (a)\\1'), 'line 5: rule 1: expected a pattern as RE2 has them: invalid escape sequence'],
    [lines('matches a.{1,200}b'), 'line 5: rule 1: expected a pattern of at most 120 steps; found \\d+'],
    [lines('matches Union'), 'line 5: rule 1: expected lower case, as all texts are; found "U"'],
    [lines('matches a*'), 'line 5: rule 1: expected a pattern that does not match the empty text'],
    [lines('contains a,,b'), 'line 5: rule 1: expected texts with commas between them'],
    [lines('longer-than x'), 'line 5: rule 1: expected a number of characters; found "x"'],
    [lines('missing x'), 'line 5: rule 1: expected nothing after "missing"; found "x"'],
    [lines('paths x/'), 'line 5: rule 1: expected paths that begin with / and do not end with it; found "x/"'],
    [lines('apps'), 'line 5: rule 1: expected words after "apps"'],
    [lines().replace('score 1', 'score 0'), 'line 4: rule 1: expected a whole number from 1 to 1000; found "0"'],
    [lines().replace('score 1', 'deny 200'), 'line 4: rule 1: expected a whole number from 400 to 599; found "200"'],
    [lines().replace('score 1', 'drop it'), 'line 4: rule 1: expected nothing after "drop"; found "it"'],
    [lines().replace('score 1', 'redirect a b'), 'line 4: rule 1: expected a URL or a path .*; found "a b"'],
    [lines().replace('score 1', `redirect /${'a'.repeat(400)}`), 'line 4: rule 1: expected a URL or a path .* 400'],
  ])('refuses %j', (text, expected) => {
    expect(() => parseRules(text)).toThrow(new RegExp(`^${expected}`));
  });

  it('accepts capital letters in patterns if they are not letters of the text', () => {
    expect(parseRules(lines('matches \\W\\pL\\p{Greek}\\Ba')).request).toHaveLength(1);
  });

  it('names every rule that is wrong, up to twenty', () => {
    const wrong = Array.from({ length: 25 }, (_, at) => `rule ${at} x\nin nowhere`).join('\n');
    let message = '';
    try {
      parseRules(wrong);
    } catch (error) {
      message = String(error);
    }
    expect(message.match(/line \d+: rule \d+: /g)).toHaveLength(20);
    expect(message).toMatch(/\nand 5 more$/);
  });

  it('reads any file, or names its wrong line', () => {
    const word = fc.constantFrom(
      'rule',
      'in',
      'matches',
      'contains',
      'is',
      'score',
      'deny',
      'apps',
      'paths',
      '1',
      'query',
      '#',
    );
    const line = fc.array(fc.oneof(word, fc.string()), { maxLength: 4 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          parseRules(lines.join('\n'));
        } catch (error) {
          expect(String(error)).toMatch(/^Error: (?:line \d+: (?:rule \d+: )?expected |expected at least one rule)/);
        }
      }),
    );
  });

  it('gives back the rules that were written', () => {
    const outcome = fc.constantFrom('score 3', 'deny', 'deny 429', 'drop', 'allow', 'redirect /x');
    const rule = fc.record({ id: fc.integer({ min: 0, max: 999_999_999 }), outcome, isApart: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(rule, { minLength: 1, selector: ({ id }) => id }), (written) => {
        const text = written.map(({ id, outcome, isApart }) => {
          const end = isApart ? '\r\n\r\n' : '\n';
          return `rule ${id} t${id}${end}  ${outcome}\n\tin path\n# no\n is /${id}\n`;
        });
        const { request } = parseRules(text.join(''));
        expect(request.map(({ id, title, outcome }) => `${id} ${title} ${outcome.kind}`)).toEqual(
          written.map(({ id, outcome }) => `${id} t${id} ${outcome.split(' ')[0]}`),
        );
        for (const { id, test } of request)
          expect([test(new Texts([`/${id}`])), test(new Texts(['/x']))]).toEqual([true, false]);
      }),
    );
  });

  it('reads the rules of this example', () => {
    const { request, response } = parseRules(readFileSync(new URL('rules.txt', import.meta.url), 'utf8'));
    expect(request.length).toBeGreaterThan(15);
    expect(response.length).toBeGreaterThan(3);
  });
});
