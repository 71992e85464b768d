import { check, isObject } from '../checks.ts';

/** A metric of an application's own, which goes out with those of its agent. */
export interface OwnMetric {
  /** Of letters, digits, `_` and `:`, such as `limiter_denied`; a counter's without the `_total` that is added. */
  readonly name: string;
  /**
   * `untyped` is for a name that somebody else has chosen: it goes out as it is, so that a counter keeps the name without
   * `_total` that dashboards know it by, and a histogram's `_bucket`, `_sum` and `_count` are metrics each.
   */
  readonly type: 'counter' | 'gauge' | 'untyped';
  /** What it counts, in a sentence. */
  readonly help: string;
  /** Its value, or one for each set of labels. */
  readonly value: number | readonly LabelledValue[];
}

/** A value with labels, such as `{ labels: { rule: 'login' }, value: 3 }`. */
export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const TYPES: ReadonlySet<unknown> = new Set<OwnMetric['type']>(['counter', 'gauge', 'untyped']);
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The samples of a metric, each with what stands behind its name.
 *
 * @throws {TypeError} where the metric is not as its type says, or its name is one of the agent's own or `taken`.
 */
export function samplesOf(metric: OwnMetric, taken: ReadonlySet<string>): (readonly [suffix: string, value: number])[] {
  check(isObject(metric), 'a metric to be an object, such as { name, type, help, value }', metric);
  const { name, type, help, value } = metric;
  check(typeof name === 'string' && NAME.test(name), "a metric's name to be of letters, digits, _ and :", name);
  check(TYPES.has(type), `the type of ${name} to be 'counter', 'gauge' or 'untyped'`, type);
  check(!name.startsWith('spop_agent_'), "a metric's name not to begin as the agent's do, with spop_agent_", name);
  check(type !== 'counter' || !name.endsWith('_total'), "a counter's name without _total, which is added", name);
  check(!taken.has(name), 'each metric once', name);
  check(typeof help === 'string' && help !== '', `the help of ${name} to be a sentence`, help);
  const values = typeof value === 'number' ? [{ labels: {}, value }] : value;
  check(Array.isArray(values), `the value of ${name} to be a number, or an array of { labels, value }`, value);
  const total = type === 'counter' ? '_total' : '';
  return values.map((each: LabelledValue) => {
    check(isObject(each) && typeof each.value === 'number', `each value of ${name} to be a number`, each);
    return [`${total}${labelText(name, each.labels)}`, each.value];
  });
}

function labelText(name: string, labels: unknown): string {
  check(isObject(labels), `the labels of ${name} to be an object`, labels);
  const pairs = Object.entries(labels).map(([label, text]: [string, unknown]) => {
    check(LABEL.test(label), `a label of ${name} to be of letters, digits and _`, label);
    check(typeof text === 'string', `the label ${label} of ${name} to be a string`, text);
    // Clients may have a part in what a label says: neither a quote nor a line end of theirs ends it.
    return `${label}="${escapeQuoted(text)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Text that a line end would end. */
export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** Text that a quote would end, too. */
export function escapeQuoted(text: string): string {
  return escapeText(text).replaceAll('"', '\\"');
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
