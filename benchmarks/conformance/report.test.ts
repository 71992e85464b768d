import { expect, it } from 'vitest';
import { casesFor, scoreContract } from './cases.ts';
import type { CaseVerdict } from './judge.ts';
import { type AgentVerdicts, reportParts } from './report.ts';
import { TOPICS } from './topics.ts';

const protocolCases = casesFor(scoreContract);

const agent = (name: string, wrong: Readonly<Record<string, CaseVerdict['result']>>): AgentVerdicts => ({
  name,
  language: 'Go',
  version: 'v1',
  verdicts: protocolCases.map(({ id }) => ({
    name: id,
    result: wrong[id] ?? 'pass',
    detail: 'the agent | said `a`\nb',
  })),
});

it('has one topic for each case', () => {
  const topics = protocolCases.map(({ id }) => [id, Object.values(TOPICS).filter((ids) => ids.has(id)).length]);
  expect(topics.filter(([, count]) => count !== 1)).toEqual([]);
});

it('counts by agent and topic, and shows failed cases with what the agent did instead', () => {
  const { agents, topics, cases, details } = reportParts({
    startedAt: '2026-11-29T20:00:00.000Z',
    commit: 'abc',
    machine: 'a machine',
    agents: [
      agent('one', {}),
      agent('two', { 'spop/3.2.7/frame-id-239': 'fail', 'spop/3.2.7/payload': 'fail', 'spop/3.2.8/normal': 'skip' }),
    ],
    skipped: [{ name: 'three', reason: 'no compiler' }],
  });
  const all = protocolCases.length;
  expect(agents).toContain(`| one | Go | v1 | ${all} | 0 | 0 | 0 |`);
  expect(agents).toContain(`| two | Go | v1 | ${all - 3} | 2 | 1 | 0 |`);
  expect(agents).toContain('Not available: three, no compiler.');
  expect(topics).toContainEqual(expect.stringMatching(/^\| ids \| ✓ (\d+) \| 1 of \1 fail \|$/));
  expect(cases).toContain('| `spop/3.2.7/payload` | ✓ | ✗ |');
  expect(cases.join('\n')).not.toContain('`spop/3.2.8/normal`');
  expect(details).toContain("- `spop/3.2.7/payload`: `the agent | said 'a' b`");
});
