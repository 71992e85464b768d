import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { createAgent, type OwnMetric, toOpenMetricsText, toPrometheusText } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';

const metrics = createAgent().toMetrics();
const own: readonly OwnMetric[] = [
  { name: 'limiter_keys', type: 'gauge', help: 'Keys in memory.', value: 12.5 },
  {
    name: 'limiter_denied',
    type: 'counter',
    help: 'Requests denied, by "rule"\nand \\ more.',
    value: [
      { labels: { rule: 'login' }, value: 3 },
      { labels: { rule: 'a "quoted"\nline \\', zone: '' }, value: 0 },
    ],
  },
  { name: 'limiter_age', type: 'gauge', help: 'Of the oldest.', value: Infinity },
];

describe('metrics of an application', () => {
  it('follow those of the agent in the text of Prometheus', () => {
    const text = toPrometheusText(metrics, own);
    expect(text.startsWith(toPrometheusText(metrics))).toBe(true);
    expect(text.slice(toPrometheusText(metrics).length)).toBe(
      [
        '# HELP limiter_keys Keys in memory.',
        '# TYPE limiter_keys gauge',
        'limiter_keys 12.5',
        String.raw`# HELP limiter_denied_total Requests denied, by "rule"\nand \\ more.`,
        '# TYPE limiter_denied_total counter',
        'limiter_denied_total{rule="login"} 3',
        String.raw`limiter_denied_total{rule="a \"quoted\"\nline \\",zone=""} 0`,
        '# HELP limiter_age Of the oldest.',
        '# TYPE limiter_age gauge',
        'limiter_age +Inf',
        '',
      ].join('\n'),
    );
    const parsed = parsePrometheusTextFormat(text).find(({ name }) => name === 'limiter_denied_total');
    expect(parsed?.metrics[0]).toEqual({ value: '3', labels: { rule: 'login' } });
  });

  it('are before the end in the text of OpenMetrics', () => {
    const text = toOpenMetricsText(metrics, own);
    expect(text.endsWith('limiter_age +Inf\n# EOF\n')).toBe(true);
    expect(text).toContain('# TYPE limiter_denied counter\n# HELP limiter_denied Requests denied, by \\"rule\\"\\nand');
    expect(text).toContain('\nlimiter_denied_total{rule="login"} 3\n');
  });

  it('keep any names if they are untyped', () => {
    const others: OwnMetric[] = ['bouncer_blocked_requests', 'lookup_seconds_bucket', 'others_total'].map((name) => ({
      name,
      type: 'untyped',
      help: 'Of others.',
      value: [{ labels: { le: '0.1' }, value: 3 }],
    }));
    const lines = others.flatMap(({ name }) => [
      `# HELP ${name} Of others.`,
      `# TYPE ${name} untyped`,
      `${name}{le="0.1"} 3`,
    ]);
    expect(toPrometheusText(metrics, others).endsWith(`\n${lines.join('\n')}\n`)).toBe(true);
    expect(toOpenMetricsText(metrics, others)).toContain(
      '# TYPE others_total unknown\n# HELP others_total Of others.\nothers_total{',
    );
  });

  const good = { name: 'limiter_keys', type: 'gauge', help: 'Keys.', value: 1 } as const;
  it.each([
    [5, 'a metric to be an object, such as { name, type, help, value }; found 5'],
    [{ ...good, name: 'limiter-keys' }, `a metric's name to be of letters, digits, _ and :; found "limiter-keys"`],
    [{ ...good, name: '9keys' }, `a metric's name to be of letters, digits, _ and :; found "9keys"`],
    [
      { ...good, type: 'histogram' },
      `the type of limiter_keys to be 'counter', 'gauge' or 'untyped'; found "histogram"`,
    ],
    [
      { ...good, name: 'spop_agent_notifies' },
      `a metric's name not to begin as the agent's do, with spop_agent_; found "spop_agent_notifies"`,
    ],
    [
      { ...good, type: 'counter', name: 'keys_total' },
      `a counter's name without _total, which is added; found "keys_total"`,
    ],
    [{ ...good, help: undefined }, 'the help of limiter_keys to be a sentence; found undefined'],
    [{ ...good, help: '' }, 'the help of limiter_keys to be a sentence; found ""'],
    [{ ...good, value: '1' }, 'the value of limiter_keys to be a number, or an array of { labels, value }; found "1"'],
    [{ ...good, value: [{ labels: {}, value: '1' }] }, 'each value of limiter_keys to be a number; found [Object]'],
    [{ ...good, value: [{ value: 1 }] }, 'the labels of limiter_keys to be an object; found undefined'],
    [
      { ...good, value: [{ labels: { 'a-b': '' }, value: 1 }] },
      'a label of limiter_keys to be of letters, digits and _; found "a-b"',
    ],
    [{ ...good, value: [{ labels: { a: 1 }, value: 1 }] }, 'the label a of limiter_keys to be a string; found 1'],
  ])('are refused if they are wrong: %o', (metric, reason) => {
    for (const write of [toPrometheusText, toOpenMetricsText]) {
      const error = thrownBy(() => Reflect.apply(write, undefined, [metrics, [metric]]));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toBe(`expected ${reason}`);
    }
  });

  it('are refused if two have one name', () => {
    expect(() => toPrometheusText(metrics, [good, good])).toThrow('expected each metric once; found "limiter_keys"');
  });
});
