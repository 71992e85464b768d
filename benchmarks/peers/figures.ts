/** Medians, spreads and ratios over the rounds of a run. */
import { summarize } from '../codec/statistics.ts';

export interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median and the quartiles, or undefined where nothing was measured. */
export function figureOf(values: readonly number[]): Figure | undefined {
  const finite = values.filter((value) => Number.isFinite(value));
  if (finite.length === 0) return undefined;
  const { median, quartiles } = summarize(finite);
  return { median, low: quartiles[0], high: quartiles[1] };
}

/** The median over the rounds of one sample divided by the other of the same round. */
export function pairedRatio<T>(a: readonly T[], b: readonly T[], pick: (sample: T) => number): number | undefined {
  const ratios = a.flatMap((sample, round) => {
    const other = b[round];
    return other === undefined ? [] : [pick(sample) / pick(other)];
  });
  return figureOf(ratios)?.median;
}

/** A number as people read it: 12.3 M, 456 k, 7.89. */
export function human(value: number | undefined, digits = 3): string {
  if (value === undefined || !Number.isFinite(value)) return '';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return `${precise(value / 1e6, digits)} M`;
  if (magnitude >= 1e4) return `${precise(value / 1e3, digits)} k`;
  return precise(value, digits);
}

function precise(value: number, digits: number): string {
  if (value === 0) return '0';
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.max(0, digits - Math.max(whole, 1)));
}

/** A Markdown table; the first columns, which hold text, to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts = 1): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(head),
    `|${head.map((_, index) => (index < texts ? ' --- ' : ' ---: ')).join('|')}|`,
    ...rows.map(line),
    '',
  ];
}
