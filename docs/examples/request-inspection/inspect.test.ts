import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Exchange } from './exchange.ts';
import { inspect, type Verdict } from './inspect.ts';
import { Parts } from './parts.ts';
import { parseRules } from './rule-file.ts';

const GET: Exchange = {
  app: 'shop',
  client: '192.0.2.1',
  method: 'GET',
  path: '/',
  query: '',
  headers: [
    ['host', 'a.test'],
    ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ['cookie', 'session=1f3a; theme=dark'],
  ],
  body: '',
  bodyState: 'none',
};
const BOUNDS = { threshold: 5, budgetMs: 60_000 };

const judge = (rules: string, exchange: Partial<Exchange>, bounds = BOUNDS): Verdict =>
  inspect(parseRules(rules).request, new Parts({ ...GET, ...exchange }), bounds);

const ids = ({ hits }: Verdict): number[] => hits.map(({ id }) => id);

describe('inspect', () => {
  const rules = `
    rule 1 two
      in query
      contains a
      score 2
    rule 2 three
      in query
      contains b
      score 3
    rule 3 allow
      in query
      contains c
      allow
    rule 4 deny
      in query
      contains d
      deny 405
    rule 5 four
      in query
      contains e
      score 4`;

  it.each([
    ['', [], 0, undefined, undefined],
    ['a', [1], 2, undefined, undefined],
    // The rule that makes the score reach the threshold decides; later rules still run.
    ['abe', [1, 2, 5], 9, 'deny', 2],
    ['ae', [1, 5], 6, 'deny', 5],
    ['abce', [1, 2, 3], 5, 'allow', 3],
    ['acd', [1, 3], 2, 'allow', 3],
    ['ade', [1, 4], 2, 'deny', 4],
  ] as const)('judges %j', (query, hits, score, kind, rule) => {
    const verdict = judge(rules, { query });
    expect([ids(verdict), verdict.score, verdict.decision?.outcome.kind, verdict.decision?.rule.id]).toEqual([
      hits,
      score,
      kind,
      rule,
    ]);
    expect(verdict.isOutOfTime).toBe(false);
  });

  it('stops when the time is over, and reports it', () => {
    expect(judge(rules, { query: 'abd' }, { threshold: 5, budgetMs: -1 })).toEqual({
      hits: [],
      score: 0,
      decision: undefined,
      isOutOfTime: true,
    });
  });

  it('runs rules only for their applications and paths', () => {
    const rules = `
      rule 1 app
        in query
        is x
        apps shop other
        score 1
      rule 2 path
        in query
        is x
        paths /a /b/c
        score 1
      rule 3 exception
        in query
        is x
        except-paths /a
        score 1`;
    const at = (path: string, app = 'shop'): number[] => ids(judge(rules, { query: 'x', path, app }));
    expect([at('/'), at('/', 'none'), at('/a'), at('/A/x'), at('/ab'), at('/b/c'), at('/b')]).toEqual([
      [1, 3],
      [3],
      [1, 2],
      [1, 2],
      [1, 3],
      [1, 2, 3],
      [1, 3],
    ]);
    // The path decoded once and the path decoded twice both have to be within the exception.
    expect([at('/a/..%2fx'), at('/a/%252e%252e/x'), at('/a/..;/x')]).toEqual([
      [1, 3],
      [1, 2, 3],
      [1, 3],
    ]);
  });

  it('leaves out excepted arguments, for that rule only', () => {
    const rules = ['1 x\nexcept-arguments html', '2 x'].map((head) => `rule ${head}\nin argument\ncontains <\nscore 1`);
    expect(ids(judge(rules.join('\n'), { query: 'html=<b>' }))).toEqual([2]);
    expect(ids(judge(rules.join('\n'), { query: 'html=<b>&x=<b>' }))).toEqual([1, 2]);
  });

  it('finds nothing across two texts', () => {
    const rules = 'rule 1 x\nin argument\nmatches a.b\nmatches ^cd$\ncontains e f\nscore 1';
    expect(ids(judge(rules, { query: 'x=a&y=b&z=c&z=d&z=e&z=f' }))).toEqual([]);
    expect(ids(judge(rules, { query: 'x=1&y=cd&z=2' }))).toEqual([1]);
  });
});

describe('the rules of this example', () => {
  const rules = parseRules(readFileSync(new URL('rules.txt', import.meta.url), 'utf8'));
  const FORM = [...GET.headers, ['content-type', 'application/x-www-form-urlencoded']] as const;
  const hitsOf = (exchange: Partial<Exchange>): number[] =>
    ids(inspect(rules.request, new Parts({ ...GET, ...exchange }), BOUNDS));

  it.each([
    "q=1' or '1'='1",
    "q=1'%20OR%201=1--",
    'q=1)%20and%20(1=1',
    "q=admin'--",
    'q=1+UniOn/**/SeLect+password',
    'q=1%2527%2520union%2520all%2520select%25201',
    'q=1;drop+table+users',
    'q=sleep(10)',
    '1%27+union+select+1=x',
    'q=%EF%BC%9Cscript%EF%BC%9E',
    'q=%3Cimg+src=x+onerror=alert(1)%3E',
    'q=<svg/onload=x>',
    'next=javascript:alert(1)',
    'file=../../etc/hosts',
    'file=..%5c..%5cwindows',
    'file=%252e%252e%252fetc',
    'file=%c0%ae%c0%ae/x',
    'file=/etc/passwd',
    'url=http://169.254.169.254/latest',
    'url=file:///x',
    'host=a.test;cat+/x',
    'host=a.test|id',
    'host=$(whoami)',
    'q=${jndi:ldap://a.test/x}',
    'q=${${lower:j}ndi:x}',
    'q=<?php+x',
  ])('hit the query %j', (query) => {
    expect(hitsOf({ query })).not.toEqual([]);
  });

  it.each([
    'q=the+union+will+select+a+president',
    "name=O'Brien&city=L'Aquila",
    'q=rock+%26+roll+or+jazz',
    'text=a+script+for+a+play;+act+one',
    'mail=a.b+c@d.test&url=https://a.test/b?c=d',
    'price=10%25&from=1&to=2',
    'q=cats;+dogs',
    'date=2026-11-29T20:00:00Z&tz=Europe/Berlin',
    'path=/a/b..c/d',
    'q=Stra%C3%9Fe+%E2%80%93+%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0',
    'q=order+by+phone,+select+from+the+menu',
    'token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
  ])('let the query %j pass', (query) => {
    expect(hitsOf({ query })).toEqual([]);
    expect(hitsOf({ method: 'POST', headers: FORM, body: query, bodyState: 'complete' })).toEqual([]);
  });

  it.each([
    ['a path', { path: '/a/..;/..%2f' }, [930100]],
    ['a method', { method: 'TRACE' }, [911100]],
    [
      'a scanner',
      {
        headers: [
          ['host', 'a'],
          ['user-agent', 'sqlmap/1.8'],
        ],
      },
      [913100],
    ],
    ['no host', { headers: [] }, [920280]],
    [
      'a cookie',
      {
        headers: [
          ['host', 'a'],
          ['cookie', 'a=%3Cscript%3E'],
        ],
      },
      [941100],
    ],
    ['a health check', { client: '127.0.0.1', path: '/health', query: 'q=<script>' }, [100001]],
    ['a body that was cut off', { bodyState: 'cut' }, [200004]],
    [
      'a compressed body',
      {
        headers: [
          ['host', 'a'],
          ['content-encoding', 'br'],
        ],
      },
      [200005],
    ],
  ] as const)('judge %s as expected', (_, exchange, expected) => {
    expect(hitsOf(exchange)).toEqual(expected);
  });

  it('take bounded time for the longest body with any content', () => {
    for (const piece of [
      'a=; select delete \' or ( union " and && b&',
      '%2525%2541',
      'a&',
      '${',
      '<',
      '"(',
      '../',
      '\xc0\xae',
    ]) {
      const body = piece.repeat(15_000 / piece.length);
      // Without patterns that take linear time some of these would take minutes.
      expect(
        inspect(rules.request, new Parts({ ...GET, headers: FORM, body }), { ...BOUNDS, budgetMs: 10_000 }),
      ).toMatchObject({ isOutOfTime: false });
    }
  });
});
