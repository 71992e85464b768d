import { median } from 'simple-statistics';
import { figure } from '../codec/report.ts';
import type { Comparison } from './compare-cases.ts';
import type { Interval } from './interval.ts';
import { RULE } from './verdict.ts';

/** Comparisons as Markdown, one row for each case, and the meaning of the verdicts. */
export function reportLines(comparisons: readonly Comparison[]): string[] {
  const lines = [
    '| case | base, ns | head, ns | head takes × (99 % between) | would have found | control: equal code | samples | B/op | |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---|',
    ...comparisons.map(row),
    '',
    RULE,
    'With a probability of 99 % every interval contains the true value. A sample is two processes of each side.',
  ];
  const broken = comparisons.filter(({ isBroken }) => isBroken).map(({ name }) => name);
  if (broken.length > 0) {
    lines.push(`This run is not reliable: equal code differs from itself in ${broken.join(', ')}.`);
  }
  return lines;
}

function row({ name, samples, time, control, bytes, isBroken, verdict }: Comparison): string {
  const side = (key: 'base' | 'head'): string => figure(median(samples.flatMap((sample) => [...sample[key]])));
  const found = Number.isFinite(time.detectable) ? `${((Math.exp(time.detectable) - 1) * 100).toFixed(1)} %` : '';
  const cells = [name, side('base'), side('head'), interval(time), found, interval(control), samples.length];
  return `| ${[...cells, heap(bytes), isBroken ? 'undecided (control)' : verdict].join(' | ')} |`;
}

function interval({ estimate, low, high }: Interval): string {
  const ratio = (logarithm: number): string => Math.exp(logarithm).toFixed(3);
  if (!Number.isFinite(low)) return `${ratio(estimate)} (too few samples)`;
  return `${ratio(estimate)} (${ratio(low)} to ${ratio(high)})`;
}

/** Bytes have no noise: any difference is shown. */
function heap(bytes: Comparison['bytes']): string {
  if (bytes === undefined) return '';
  const [from, to] = bytes.map((value) => String(Math.round(value * 10) / 10));
  return from === to ? to! : `${from} → ${to} (!)`;
}
