import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AgentMetrics, createAgent, toOpenMetricsText, toPrometheusText } from '../../src/index.ts';
import { FAMILIES } from '../../src/observe/prometheus.ts';

/** Metrics in which every number is different. */
function distinctMetrics(): AgentMetrics {
  const zero = createAgent().toMetrics();
  let next = 100;
  const fill = (value: unknown): unknown => {
    if (typeof value === 'number') return next++;
    if (value === undefined) return value;
    if (Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(Object(value) as object).map(([key, each]) => [key, fill(each)]));
  };
  const filled = fill(zero) as AgentMetrics;
  return {
    ...filled,
    disconnects: { 0: 5, 13: 2 },
    latency: {
      ...filled.latency,
      count: 9,
      sumMs: 4_500,
      buckets: zero.latency.buckets.map(({ upToMs }, i) => ({ upToMs, count: Math.min(9, i) })),
    },
  };
}

describe('toPrometheusText', () => {
  it('is read by a parser of the format, name by name and value by value', () => {
    const metrics = distinctMetrics();
    const families = parsePrometheusTextFormat(toPrometheusText(metrics));
    expect(families.map(({ name, type }) => [name, type])).toEqual(
      FAMILIES.map(({ name, type }) => [type === 'counter' ? `${name}_total` : name, type.toUpperCase()]),
    );
    const valueOf = (name: string): unknown =>
      families.find((family) => family.name === name)?.metrics.map(({ value }) => Number(value));
    expect(valueOf('spop_agent_notifies_total')).toEqual([metrics.notifies]);
    expect(valueOf('spop_agent_received_bytes_total')).toEqual([metrics.bytesRead]);
    expect(valueOf('spop_agent_event_loop_lag_seconds')).toEqual([metrics.eventLoopLagMs / 1_000]);
    expect(families.find(({ name }) => name === 'spop_agent_disconnects_total')?.metrics).toEqual([
      { value: '5', labels: { status: '0' } },
      { value: '2', labels: { status: '13' } },
    ]);
    const [histogram] = families.find(({ type }) => type === 'HISTOGRAM')?.metrics ?? [];
    expect(histogram).toMatchObject({ count: '9', sum: '4.5' });
    expect(Object.keys(histogram?.buckets ?? {})).toHaveLength(22);
    expect(histogram?.buckets).toMatchObject({ '0.000016': '0', '0.000032': '1', '0.001024': '6', '+Inf': '9' });
  });

  it('is complete for an agent that has not started', () => {
    const text = toPrometheusText(createAgent().toMetrics());
    expect(text).toContain('spop_agent_notifies_total 0\n');
    expect(text).toContain('spop_agent_notify_duration_seconds_bucket{le="+Inf"} 0\n');
    expect(parsePrometheusTextFormat(text)).toHaveLength(FAMILIES.length);
  });
});

describe('the name of an agent', () => {
  it.each([
    ['bouncer', toPrometheusText],
    ['bouncer', toOpenMetricsText],
    [undefined, toPrometheusText],
    [undefined, toOpenMetricsText],
  ] as const)('%s is the first label of each sample, if it has one', (agent, toText) => {
    const samples = toText({ ...distinctMetrics(), agent })
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const labelled = samples.filter((line) => /^\w+\{agent="bouncer"[,}]/.test(line));
    expect(samples.length).toBeGreaterThan(FAMILIES.length);
    expect(labelled).toEqual(agent === undefined ? [] : samples);
    expect(samples.some((line) => line.includes('agent="undefined"'))).toBe(false);
  });
});

describe('toOpenMetricsText', () => {
  let lines: string[] = [];
  beforeEach(() => {
    lines = toOpenMetricsText(distinctMetrics()).split('\n');
  });

  it('ends with # EOF and a line end', () => {
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
  });

  it('has only lines of the four kinds', () => {
    const value = String.raw`[0-9.e+-]+`;
    const known = [
      /^# TYPE [a-z_]+ (counter|gauge|histogram)$/,
      /^# UNIT [a-z_]+ (seconds|bytes)$/,
      /^# HELP [a-z_]+ [^\\\n]+$/,
      new RegExp(String.raw`^[a-z_]+(\{(le|status)="[^"\\]+"\})? ${value}$`),
      /^# EOF$/,
    ];
    expect(lines.slice(0, -1).filter((line) => !known.some((each) => each.test(line)))).toEqual([]);
  });

  it('names the type before the samples, counters without and their samples with _total', () => {
    for (const { name, type } of FAMILIES) {
      const at = lines.indexOf(`# TYPE ${name} ${type}`);
      expect(at).toBeGreaterThanOrEqual(0);
      const samples = lines.filter((line) => line.startsWith(`${name}${type === 'counter' ? '_total' : ''}`));
      expect(samples.length).toBeGreaterThan(0);
      expect(lines.indexOf(samples[0]!)).toBeGreaterThan(at);
      if (type === 'counter') expect(name).not.toMatch(/_total$/);
    }
  });

  it('names the unit at the end of the name', () => {
    for (const { name, unit } of FAMILIES) {
      if (unit !== undefined) expect(name).toMatch(new RegExp(`_${unit}$`));
      else expect(name).not.toMatch(/_(seconds|bytes)$/);
      expect(lines.includes(`# UNIT ${name} ${unit}`)).toBe(unit !== undefined);
    }
  });

  it('has buckets that never fall, the last of which is the count', () => {
    const counts = lines.filter((line) => line.includes('_bucket{')).map((line) => Number(line.split(' ')[1]));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(lines).toContain(`spop_agent_notify_duration_seconds_count ${counts.at(-1)}`);
  });
});
