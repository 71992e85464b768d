import { describe, expect, it } from 'vitest';
import { lint, rules, type Finding } from '../../../src/cli/lint/lint.ts';
import { brokenSources, CASES, mendedSources } from './cases.ts';
import { DEFINITIONS, HAPROXY, SPOE, TCP_HAPROXY, TCP_SPOE } from './configurations.ts';

function ids(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ rule }) => rule))];
}

describe('a rule of spop lint', () => {
  it.each(CASES)('$rule is broken at $at', (each) => {
    const broken = brokenSources(each);
    const findings = lint(broken);
    expect(ids(findings)).toEqual([each.rule]);
    const [finding] = findings;
    const [file, line] = each.at;
    expect(finding?.file).toBe(file);
    const text = file === 'haproxy' ? broken.haproxyText : broken.spoeText;
    expect(text.split('\n')[(finding?.line ?? 0) - 1]).toContain(line);
    if (each.haproxy !== undefined || each.spoe !== undefined) expect(lint(mendedSources(each))).toEqual([]);
  });

  it('has at least one case', () => {
    expect([...new Set(CASES.map(({ rule }) => rule))].toSorted()).toEqual(rules.map(({ id }) => id).toSorted());
  });

  it('states the consequence in one sentence, and the line to write', () => {
    for (const each of CASES) {
      const [finding] = lint(brokenSources(each));
      expect(finding?.sentence).toMatch(/[^.\s]$/);
      expect(finding?.advice).toMatch(/[^.\s]$/);
      expect(finding?.source).not.toBe('');
    }
  });
});

describe('configurations without a fault', () => {
  it.each([undefined, '2.6', '3.0', '3.1', '3.2', '3.4'])('break no rule, for HAProxy %s', (release) => {
    const options = { spoePath: 'spoe.conf', release, deadlineMs: 100 };
    const http = { haproxyText: HAPROXY, spoeText: SPOE };
    expect(lint({ ...http, ...options })).toEqual([]);
    expect(lint({ ...http, ...options, definitions: DEFINITIONS })).toEqual([]);
    expect(lint({ haproxyText: TCP_HAPROXY, spoeText: TCP_SPOE, ...options })).toEqual([]);
  });
});
