import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { createAgent, Histogram, type OwnMetric, toOpenMetricsText, toPrometheusText } from '../../src/index.ts';
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

  it('have the infinities and NaN of both formats', () => {
    const lines = [Infinity, -Infinity, Number.NaN].map((value) =>
      toPrometheusText(metrics, [{ name: 'own', type: 'gauge', help: 'Own.', value }])
        .trimEnd()
        .split('\n')
        .at(-1),
    );
    expect(lines).toEqual(['own +Inf', 'own -Inf', 'own NaN']);
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
    [{ ...good, name: undefined }, `a metric's name to be of letters, digits, _ and :; found undefined`],
    [{ ...good, name: 7 }, `a metric's name to be of letters, digits, _ and :; found 7`],
    [{ ...good, name: ['keys'] }, `a metric's name to be of letters, digits, _ and :; found [Array]`],
    [{ ...good, name: '9keys' }, `a metric's name to be of letters, digits, _ and :; found "9keys"`],
    [
      { ...good, type: 'summary' },
      `the type of limiter_keys to be 'counter', 'gauge', 'histogram' or 'untyped'; found "summary"`,
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
    const counter = { ...good, type: 'counter', name: 'keys' } as const;
    const total = { ...good, name: 'keys_total' };
    expect(() => toPrometheusText(metrics, [counter, total])).toThrow('expected each metric once; found "keys_total"');
    const durations: OwnMetric = { name: 'keys', type: 'histogram', help: 'Of keys.', value: new Histogram([1]) };
    const sum = { ...good, name: 'keys_sum' };
    expect(() => toPrometheusText(metrics, [sum, durations])).toThrow('expected each metric once; found "keys_sum"');
  });
});

describe('a histogram of an application', () => {
  const solved = new Histogram([0.5, 1, 10]);
  for (const seconds of [0.25, 0.5, 0.75, 10, 10.5, 12]) solved.record(seconds);

  it('counts values up to and including each bound', () => {
    expect(solved.buckets).toEqual([
      { upTo: 0.5, count: 2 },
      { upTo: 1, count: 3 },
      { upTo: 10, count: 4 },
    ]);
    expect([solved.count, solved.sum]).toEqual([6, 34]);
    const none = new Histogram([]);
    none.record(Number.NaN);
    expect([none.buckets, none.count]).toEqual([[], 1]);
  });

  it.each([[[1, 1]], [[2, 1]], [[1, Infinity]], [[Number.NaN]], ['1'], [undefined]])(
    'is refused with the bounds %o',
    (bounds) => {
      const error = thrownBy(() => Reflect.construct(Histogram, [bounds]));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^expected the bounds of a histogram to be rising, finite numbers; found /);
    },
  );

  it('has its buckets, its sum and its count in both texts', () => {
    const value = [
      { labels: { level: '1' }, value: solved },
      { labels: { level: '2' }, value: { buckets: [{ upTo: 3, count: 0 }], sum: 4, count: 1 } },
    ];
    const histogram: OwnMetric = { name: 'solve_seconds', type: 'histogram', help: 'To solve.', value };
    const lines = [
      'solve_seconds_bucket{level="1",le="0.5"} 2',
      'solve_seconds_bucket{level="1",le="1"} 3',
      'solve_seconds_bucket{level="1",le="10"} 4',
      'solve_seconds_bucket{level="1",le="+Inf"} 6',
      'solve_seconds_sum{level="1"} 34',
      'solve_seconds_count{level="1"} 6',
      'solve_seconds_bucket{level="2",le="3"} 0',
      'solve_seconds_bucket{level="2",le="+Inf"} 1',
      'solve_seconds_sum{level="2"} 4',
      'solve_seconds_count{level="2"} 1',
    ];
    const text = toPrometheusText(metrics, [histogram]);
    const head = ['# HELP solve_seconds To solve.', '# TYPE solve_seconds histogram'];
    expect(text.endsWith(`\n${[...head, ...lines].join('\n')}\n`)).toBe(true);
    expect(toOpenMetricsText(metrics, [histogram])).toContain(
      ['# TYPE solve_seconds histogram', '# HELP solve_seconds To solve.', ...lines].join('\n'),
    );
    const plain = toPrometheusText(metrics, [{ ...histogram, value: solved }]);
    const parsed = parsePrometheusTextFormat(plain).find(({ name }) => name === 'solve_seconds');
    expect(parsed?.metrics[0]).toEqual({
      buckets: { '0.5': '2', '1': '3', '10': '4', '+Inf': '6' },
      count: '6',
      sum: '34',
    });
    expect(plain).toContain('\nsolve_seconds_bucket{le="0.5"} 2\n');
    expect(plain).toContain('\nsolve_seconds_count 6\n');
  });

  it('may have no value above its last bound', () => {
    const value = { buckets: [{ upTo: 1, count: 2 }], sum: 1, count: 2 };
    const text = toPrometheusText(metrics, [{ name: 'h', type: 'histogram', help: 'Of.', value }]);
    expect(text).toMatch(/\nh_bucket\{le="1"\} 2\nh_bucket\{le="\+Inf"\} 2\nh_sum 1\nh_count 2\n$/);
  });

  const good = { buckets: [{ upTo: 1, count: 1 }], sum: 1, count: 2 };
  it.each([
    [5, 'each value of h to have buckets, sum and count; found 5'],
    [{}, 'the buckets of h to be an array; found undefined'],
    [[5], 'each value of h to be { labels, value }; found 5'],
    [[{ value: good }], 'the labels of h to be an object; found undefined'],
    [[{ labels: { le: '1' }, value: good }], 'no label le of h, which is added; found [Object]'],
    [[{ labels: {}, value: [] }], 'each value of h to have buckets, sum and count; found []'],
    [{ ...good, buckets: 5 }, 'the buckets of h to be an array; found 5'],
    [{ ...good, sum: undefined }, 'the sum of h to be a number; found undefined'],
    [{ ...good, count: '2' }, 'the count of h to be that of its buckets or more; found "2"'],
    [{ ...good, count: 0 }, 'the count of h to be that of its buckets or more; found 0'],
    [{ ...good, buckets: [5] }, 'each bucket of h to be { upTo, count }; found 5'],
    [{ ...good, buckets: [null] }, 'each bucket of h to be { upTo, count }; found null'],
    [{ ...good, buckets: [{ upTo: 1 }] }, 'each bucket of h to be { upTo, count }; found [Object]'],
    [{ ...good, buckets: [{ count: 1 }] }, 'each bucket of h to be { upTo, count }; found [Object]'],
    [{ ...good, buckets: [{ upTo: 1, count: '1' }] }, 'each bucket of h to be { upTo, count }; found [Object]'],
    [
      { ...good, buckets: [1, 1].map((upTo) => ({ upTo, count: 1 })) },
      'upTo of each bucket of h to be finite, and above that of the one before; found 1',
    ],
    [{ ...good, buckets: [{ upTo: '1', count: 1 }] }, 'each bucket of h to be { upTo, count }; found [Object]'],
    [
      { ...good, buckets: [2, 1].map((upTo) => ({ upTo, count: 1 })) },
      'upTo of each bucket of h to be finite, and above that of the one before; found 1',
    ],
    [
      { ...good, buckets: [{ upTo: Infinity, count: 1 }] },
      'upTo of each bucket of h to be finite, and above that of the one before; found Infinity',
    ],
    [
      { ...good, buckets: [2, 1].map((count, i) => ({ upTo: i, count })) },
      'each bucket of h to count those before it too; found 1',
    ],
    [{ ...good, buckets: [{ upTo: 1, count: -1 }] }, 'each bucket of h to count those before it too; found -1'],
  ])('is refused if it is wrong: %o', (value, reason) => {
    const metric = { name: 'h', type: 'histogram', help: 'Of.', value };
    const error = thrownBy(() => Reflect.apply(toPrometheusText, undefined, [metrics, [metric]]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected ${reason}`);
  });
});
