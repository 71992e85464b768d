import { describe, expect, it } from 'vitest';
import { anyAnswer } from '../../src/conformance/contract.ts';
import { htmlMatrix, readReport } from '../../src/conformance/matrix.ts';
import {
  classRows,
  countsOf,
  entryOf,
  junitReport,
  type ReportEntry,
  tapReport,
} from '../../src/conformance/report.ts';
import type { Verdict } from '../../src/conformance/run.ts';
import { fits, knownIds, unusedPatterns } from '../../src/conformance/selection.ts';
import { conformanceCases } from '../../src/conformance/suite.ts';

const base = {
  class: 'must',
  title: 'an ACK <comes>',
  source: 'SPOE.txt §3.2.7',
  isKnown: false,
  milliseconds: 12,
} as const;
const entries: readonly ReportEntry[] = [
  { ...base, id: 'spop/3.2.7/good', result: 'pass' },
  { ...base, id: 'spop/3.2.7/bad', result: 'fail', detail: 'an "AGENT-HELLO" & \u0007\udc80\u001b[2J' },
  { ...base, id: 'spop/3.2.7/known', result: 'fail', isKnown: true, detail: 'no answer' },
  { ...base, id: 'spop/3.2.7/unasked', class: 'hygiene', result: 'skip', detail: 'no message echoes its argument' },
];

describe('reports of spop conformance', () => {
  it.each<[Verdict['result'], string | undefined, boolean]>([
    ['pass', undefined, false],
    ['fail', 'no answer', true],
    ['skip', 'nothing to ask', false],
  ])('have the facts of a verdict that is %s, known or not', (result, detail, isKnown) => {
    const [one] = conformanceCases(anyAnswer('check', 'ip'));
    const verdict: Verdict = { case: one!, result, detail, milliseconds: 7, trace: ['sent'] };
    const { id, class: kind, title, source } = one!;
    const entry = {
      id,
      class: kind,
      title,
      source,
      result,
      milliseconds: 7,
      ...(detail === undefined ? {} : { detail }),
    };
    expect(entryOf(verdict, new Set([id]))).toStrictEqual({ ...entry, isKnown });
    expect(entryOf(verdict, new Set(['other']))).toStrictEqual({ ...entry, isKnown: false });
  });

  it('count each entry once', () => {
    expect(countsOf(entries)).toEqual({ passed: 1, failed: 1, known: 1, skipped: 1 });
    expect(classRows(entries)).toEqual([
      ['must', '1', '1', '1', '0'],
      ['haproxy', '0', '0', '0', '0'],
      ['hygiene', '0', '0', '0', '1'],
    ]);
  });

  it('are TAP, with known failures as TODO', () => {
    expect(tapReport(entries)).toBe(
      [
        'TAP version 14',
        '1..4',
        'ok 1 - spop/3.2.7/good an ACK <comes>',
        'not ok 2 - spop/3.2.7/bad an ACK <comes>',
        '  ---',
        String.raw`  message: "an \"AGENT-HELLO\" & ${'\ufffd\ufffd\ufffd'}[2J"`,
        '  source: "SPOE.txt §3.2.7"',
        '  ...',
        'not ok 3 - spop/3.2.7/known an ACK <comes> # TODO known to fail',
        '  ---',
        '  message: "no answer"',
        '  source: "SPOE.txt §3.2.7"',
        '  ...',
        'ok 4 - spop/3.2.7/unasked an ACK <comes> # SKIP no message echoes its argument',
      ].join('\n'),
    );
  });

  it('escape what would begin a directive of TAP', () => {
    expect(tapReport([{ ...base, id: 'spop/3.2.7/good', title: 'one # and #two', result: 'pass' }])).toBe(
      String.raw`TAP version 14
1..1
ok 1 - spop/3.2.7/good one \# and \#two`,
    );
  });

  it('are valid XML with any text of an agent', () => {
    expect(junitReport(entries)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="spop conformance">
  <testsuite name="must" tests="3" failures="1" skipped="1">
    <testcase classname="must" name="spop/3.2.7/good: an ACK &lt;comes&gt;" time="0.012"/>
    <testcase classname="must" name="spop/3.2.7/bad: an ACK &lt;comes&gt;" time="0.012"><failure message="an &quot;AGENT-HELLO&quot; &amp; \ufffd\ufffd\ufffd[2J">SPOE.txt §3.2.7</failure></testcase>
    <testcase classname="must" name="spop/3.2.7/known: an ACK &lt;comes&gt;" time="0.012"><skipped message="known to fail: no answer"/></testcase>
  </testsuite>
  <testsuite name="haproxy" tests="0" failures="0" skipped="0">
  </testsuite>
  <testsuite name="hygiene" tests="1" failures="0" skipped="1">
    <testcase classname="hygiene" name="spop/3.2.7/unasked: an ACK &lt;comes&gt;" time="0.012"><skipped message="no message echoes its argument"/></testcase>
  </testsuite>
</testsuites>`);
  });

  it('are compared on a page, also if one has fewer cases', () => {
    const page = htmlMatrix([
      { name: 'ours & more', entries },
      { name: 'theirs', entries: entries.slice(0, 1) },
    ]);
    const named = (name: string): string =>
      `<code>spop/3.2.7/${name}</code><br>an ACK &lt;comes&gt; <small>SPOE.txt §3.2.7</small>`;
    expect(page.slice(page.indexOf('<table>')))
      .toBe(`<table><thead><tr><th>case</th><th>ours &amp; more</th><th>theirs</th></tr></thead>
<tbody>
<tr><th>must</th><td>1 of 3</td><td>1 of 1</td></tr>
<tr><td>${named('good')}</td><td class="pass" title="">✓</td><td class="pass" title="">✓</td></tr>
<tr><td>${named('bad')}</td><td class="fail" title="an &quot;AGENT-HELLO&quot; &amp; \ufffd\ufffd\ufffd[2J">✗</td><td></td></tr>
<tr><td>${named('known')}</td><td class="fail" title="no answer">✗</td><td></td></tr>
</tbody>
<tbody>
<tr><th>haproxy</th><td>0 of 0</td><td>0 of 0</td></tr>

</tbody>
<tbody>
<tr><th>hygiene</th><td>0 of 0</td><td>0 of 0</td></tr>
<tr><td>${named('unasked')}</td><td class="skip" title="no message echoes its argument">–</td><td></td></tr>
</tbody>
</table></body></html>`);
    expect(page).not.toMatch(/<script|https?:/);
  });

  it('are read back from lines of JSON', () => {
    const lines = [...entries, { target: ':9', passed: 1 }].map((line) => JSON.stringify(line)).join('\n');
    expect(readReport(lines)).toEqual(entries);
    expect(readReport(`\r\n \t\n${lines}\n\n`)).toEqual(entries);
    expect(() => readReport('{"id":1}\n')).toThrow('expected lines of spop conformance --json; found none');
    expect(() => readReport('7\nnull\n')).toThrow('expected lines of spop conformance --json; found none');
    expect(() => readReport('TAP version 14')).toThrow();
  });

  it.each([
    { id: 1 },
    { title: undefined },
    { source: null },
    { class: 'other' },
    { class: undefined },
    { result: 'toString' },
    { result: undefined },
  ])('are not read from a line with %j', (wrong) => {
    const [good] = entries;
    const lines = [good, { ...good, ...wrong }].map((line) => JSON.stringify(line)).join('\n');
    expect(readReport(lines)).toEqual([good]);
  });
});

describe('the choice of cases', () => {
  const cases = conformanceCases(anyAnswer('check', 'ip'));
  const count = (...patterns: string[]): number => cases.filter((test) => fits(test, patterns)).length;

  it('accepts ids, * for any text, and classes', () => {
    expect(count('spop/3.2.9/closes')).toBe(1);
    expect(count('spop/3.2.9/closes*')).toBe(2);
    expect(count('spop/3x2.9/*', 'spop/3.2.9/close')).toBe(0);
    expect(count('haproxy')).toBeGreaterThan(20);
    expect(count('must', 'haproxy', 'hygiene')).toBe(cases.length);
    expect(unusedPatterns(cases, ['must', 'spop/9/*'])).toEqual(['spop/9/*']);
  });

  it('reads lists with comments', () => {
    expect(knownIds('# soon\r\nspop/3.2.9/closes # since May\r\n\r\n')).toEqual(new Set(['spop/3.2.9/closes']));
  });

  it('has the same ids for every contract', () => {
    const others = conformanceCases(anyAnswer('m', 'a'));
    expect(others.map(({ id }) => id)).toEqual(cases.map(({ id }) => id));
  });
});
