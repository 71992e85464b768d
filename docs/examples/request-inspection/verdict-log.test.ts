import { expect, it } from 'vitest';
import { NOBODY } from './request-table.ts';
import { VerdictLog } from './verdict-log.ts';

const VERDICT = { hits: [], score: 0, decision: undefined, isOutOfTime: false };

it('writes a hundred lines a second, counts those left out, and keeps each entry on one line', () => {
  const lines: string[] = [];
  let now = 0;
  const log = new VerdictLog(
    (line) => lines.push(line),
    () => now,
  );
  const request = { ...NOBODY, client: '192.0.2.1', method: 'GET', path: `/\n"${'x'.repeat(500)}` };
  for (let at = 0; at < 103; at++) log.write('request passed', 'a\nb', request, VERDICT);
  now = 1_000;
  log.write('request denied', 'c', request, VERDICT);
  expect(lines).toHaveLength(102);
  expect(lines.slice(100)).toEqual([
    '3 more verdicts within a second',
    `request denied: id="c" client=192.0.2.1 score=0 rules= "" ${JSON.stringify(`GET /\n"${'x'.repeat(193)}`)}`,
  ]);
  expect(lines[0]).toContain('id="a\\nb"');
});
