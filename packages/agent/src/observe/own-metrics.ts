import { check, isObject } from '../checks.ts';

/** A metric of an application, which is written after those of its agent. */
export interface OwnMetric {
  /** Letters, digits, `_` and `:`, such as `limiter_denied`; a counter's name without `_total`, which is added. */
  readonly name: string;
  /**
   * `untyped` is for a name that somebody else has chosen. It is written as it is: a counter keeps the name without
   * `_total` that dashboards know, and a histogram's `_bucket`, `_sum` and `_count` are three metrics.
   */
  readonly type: 'counter' | 'gauge' | 'untyped';
  /** A sentence on what it counts. */
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
 * The samples of a metric, each with the suffix of its name.
 *
 * @throws {TypeError} when the metric does not match its type, or its name is one of the agent's or `taken`.
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
    // A client may have chosen the text: escape its quotes and line ends, so that they do not end the label.
    return `${label}="${escapeQuoted(text)}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Escapes text that ends with its line. */
export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** Escapes text in quotes. */
export function escapeQuoted(text: string): string {
  return escapeText(text).replaceAll('"', '\\"');
}

/** A number as both formats write it. */
export function numberText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
