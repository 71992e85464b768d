import { check, isObject } from '../checks.ts';
import type { HistogramValue } from './histogram.ts';

/** A metric of an application, which is written after those of its agent. */
export type OwnMetric = OwnNumber | OwnHistogram;

/** A counter or a gauge of an application. */
export interface OwnNumber {
  /** Letters, digits, `_` and `:`, such as `limiter_denied`; a counter's name without `_total`, which is added. */
  readonly name: string;
  /** A sentence on what it counts. */
  readonly help: string;
  /**
   * `untyped` is for a name that somebody else has chosen. It is written as it is: a counter keeps the name without `_total`
   * that dashboards know.
   */
  readonly type: 'counter' | 'gauge' | 'untyped';
  /** Its value, or one for each set of labels. */
  readonly value: number | readonly LabelledValue[];
}

/** A histogram of an application, such as of durations. `_bucket`, `_sum` and `_count` are added to its name. */
export interface OwnHistogram {
  /** Letters, digits, `_` and `:`, such as `lookup_seconds`. */
  readonly name: string;
  /** A sentence on what it measures. */
  readonly help: string;
  /** Tells a histogram from a counter and a gauge. */
  readonly type: 'histogram';
  /** Its value, which a {@link Histogram} is; or one for each set of labels. */
  readonly value: HistogramValue | readonly LabelledValue<HistogramValue>[];
}

/** A value with labels, such as `{ labels: { rule: 'login' }, value: 3 }`. */
export interface LabelledValue<Of = number> {
  /** Names and values of the labels, such as `{ rule: 'login' }`. */
  readonly labels: Labels;
  /** The value for these labels. */
  readonly value: Of;
}

/** The labels of a value, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A value, and what is added to the name of its metric. */
export type Sample = readonly [suffix: string, value: number, labels?: Labels | undefined];

const TYPES: ReadonlySet<unknown> = new Set<OwnMetric['type']>(['counter', 'gauge', 'histogram', 'untyped']);
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** What is added to the names of samples, by type. */
const SUFFIXES: Readonly<Record<OwnMetric['type'], readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  untyped: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/**
 * The samples of a metric, whose names are added to `taken`.
 *
 * @throws {TypeError} when the metric does not match its type, or a name is one of the agent's or `taken`.
 */
export function samplesOf(metric: OwnMetric, taken: Set<string>): Sample[] {
  check(isObject(metric), 'a metric to be an object, such as { name, type, help, value }', metric);
  const { name, type, help } = metric;
  check(typeof name === 'string' && NAME.test(name), "a metric's name to be of letters, digits, _ and :", name);
  check(TYPES.has(type), `the type of ${name} to be 'counter', 'gauge', 'histogram' or 'untyped'`, type);
  check(!name.startsWith('spop_agent_'), "a metric's name not to begin as the agent's do, with spop_agent_", name);
  check(type !== 'counter' || !name.endsWith('_total'), "a counter's name without _total, which is added", name);
  const names = [...new Set([name, ...SUFFIXES[type].map((suffix) => name + suffix)])];
  for (const each of names) {
    check(!taken.has(each), 'each metric once', each);
    taken.add(each);
  }
  check(typeof help === 'string' && help !== '', `the help of ${name} to be a sentence`, help);
  return metric.type === 'histogram' ? histogramsOf(metric) : numbersOf(metric);
}

function numbersOf({ name, type, value }: OwnNumber): Sample[] {
  const values = typeof value === 'number' ? [{ labels: {}, value }] : value;
  check(Array.isArray(values), `the value of ${name} to be a number, or an array of { labels, value }`, value);
  return values.map((each: LabelledValue) => {
    check(isObject(each) && typeof each.value === 'number', `each value of ${name} to be a number`, each);
    checkLabels(name, each.labels);
    return [type === 'counter' ? '_total' : '', each.value, each.labels];
  });
}

function histogramsOf({ name, value }: OwnHistogram): Sample[] {
  const values = isSeries(value) ? value : [{ labels: {}, value }];
  return values.flatMap((each) => {
    check(isObject(each), `each value of ${name} to be { labels, value }`, each);
    checkLabels(name, each.labels);
    check(!('le' in each.labels), `no label le of ${name}, which is added`, each.labels);
    checkHistogram(name, each.value);
    return histogramSamples(each.value, each.labels);
  });
}

function isSeries(value: OwnHistogram['value']): value is readonly LabelledValue<HistogramValue>[] {
  return Array.isArray(value);
}

/** A histogram as both formats write it: each bucket includes those before it. */
export function histogramSamples({ buckets, sum, count }: HistogramValue, labels: Labels = {}): Sample[] {
  return [
    ...buckets.map((bucket): Sample => ['_bucket', bucket.count, { ...labels, le: numberText(bucket.upTo) }]),
    ['_bucket', count, { ...labels, le: '+Inf' }],
    ['_sum', sum, labels],
    ['_count', count, labels],
  ];
}

function checkHistogram(name: string, histogram: unknown): void {
  check(isObject(histogram), `each value of ${name} to have buckets, sum and count`, histogram);
  const { buckets, sum, count }: { readonly [Name in keyof HistogramValue]?: unknown } = histogram;
  check(Array.isArray(buckets), `the buckets of ${name} to be an array`, buckets);
  let last = { upTo: -Infinity, count: 0 };
  for (const bucket of buckets as readonly unknown[]) {
    check(isBucket(bucket), `each bucket of ${name} to be { upTo, count }`, bucket);
    const isRising = Number.isFinite(bucket.upTo) && bucket.upTo > last.upTo;
    check(isRising, `upTo of each bucket of ${name} to be finite, and above that of the one before`, bucket.upTo);
    check(bucket.count >= last.count, `each bucket of ${name} to count those before it too`, bucket.count);
    last = bucket;
  }
  check(typeof sum === 'number', `the sum of ${name} to be a number`, sum);
  check(
    typeof count === 'number' && count >= last.count,
    `the count of ${name} to be that of its buckets or more`,
    count,
  );
}

function isBucket(value: unknown): value is HistogramValue['buckets'][number] {
  if (!isObject(value) || !('upTo' in value && 'count' in value)) return false;
  return typeof value.upTo === 'number' && typeof value.count === 'number';
}

function checkLabels(name: string, labels: unknown): void {
  check(isObject(labels), `the labels of ${name} to be an object`, labels);
  for (const [label, text] of Object.entries(labels) as [string, unknown][]) {
    check(LABEL.test(label), `a label of ${name} to be of letters, digits and _`, label);
    check(typeof text === 'string', `the label ${label} of ${name} to be a string`, text);
  }
}

/** Labels as both formats write them; nothing for none. */
export function labelText(labels: Labels): string {
  // A client may have chosen the text: escape its quotes and line ends, so that they do not end the label.
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeQuoted(text)}"`);
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
