import { median } from 'simple-statistics';
import { table } from '../harness/page.ts';
import { figure } from '../harness/statistics.ts';
import type { Comparison } from './compare.ts';
import type { Interval } from './interval.ts';
import { RULE } from './verdict.ts';

const HEAD = [
  'case',
  'base, ns',
  'head, ns',
  'head takes × (99 % between)',
  'would have found',
  'control: equal code',
  'samples',
  'B/op',
  'verdict',
];

/** Comparisons as Markdown, one row for each case, and the meaning of the verdicts. */
export function reportLines(comparisons: readonly Comparison[]): string[] {
  const broken = comparisons.filter(({ isBroken }) => isBroken).map(({ name }) => name);
  return [
    ...table(HEAD, comparisons.map(cellsOf)),
    RULE,
    'With a probability of 99 % every interval contains the true value. A sample is two processes of each side.',
    ...(broken.length === 0
      ? []
      : [`This run is not reliable: equal code differs from itself in ${broken.join(', ')}.`]),
  ];
}

function cellsOf({ name, samples, time, control, bytes, isBroken, verdict }: Comparison): string[] {
  const side = (key: 'base' | 'head'): string => figure(median(samples.flatMap((sample) => sample[key])));
  return [
    name,
    side('base'),
    side('head'),
    interval(time),
    Number.isFinite(time.detectable) ? `${((Math.exp(time.detectable) - 1) * 100).toFixed(1)} %` : '',
    interval(control),
    String(samples.length),
    heap(bytes),
    isBroken ? 'undecided (control)' : verdict,
  ];
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
