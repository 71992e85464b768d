import type { CaseResult, LaneResult, RunResult } from './results.ts';
import { pairedRatio, summarize } from './statistics.ts';

/** A run as Markdown: the machine, then one table per variant, then the variants against each other. */
export function markdown(run: RunResult): string {
  const { machine } = run;
  const lines = [
    `Measured ${run.startedAt}${run.quick ? ', a quick run' : ''} on ${machine.cores} cores of ${machine.cpu}, ` +
      `${machine.kernel} ${machine.arch}, load ${machine.load.map((load) => load.toFixed(1)).join(' to ')}.`,
    '',
  ];
  for (const variant of run.variants) {
    const state = variant.dirty ? ', with changes' : '';
    lines.push(`### ${variant.label} (V8 ${variant.v8}, commit ${variant.commit}${state})`, '');
    lines.push(...variantTable(run.cases, variant.label), '');
  }
  if (run.variants.length > 1) lines.push('### Between the variants', '', ...betweenTable(run), '');
  return lines.join('\n');
}

function variantTable(cases: readonly CaseResult[], variant: string): string[] {
  const rows = [
    '| case | subject | ns/op (half between) | B/op | GC per 10⁶ op | naive takes | floor takes |',
    '|---|---|---:|---:|---:|---:|---:|',
  ];
  for (const result of cases) {
    for (const lane of lanesOf(result, variant)) {
      const { median, quartiles } = summarize(lane.samples);
      const time = `${figure(median)} (${figure(quartiles[0])} to ${figure(quartiles[1])})`;
      const naive = ratioTo(result, variant, 'naive', lane);
      const floor = ratioTo(result, variant, 'floor', lane);
      rows.push(
        `| ${result.name} | ${lane.subject} | ${time} | ${bytes(lane.bytes)} | ${figure(lane.collectionsPerMillion)} | ${naive} | ${floor} |`,
      );
    }
  }
  return rows;
}

/** How many times as long the other subject takes, or nothing where there is none. */
function ratioTo(result: CaseResult, variant: string, other: LaneResult['subject'], lane: LaneResult): string {
  const reference = lanesOf(result, variant).find(({ subject }) => subject === other);
  if (reference === undefined || reference === lane) return '';
  return `× ${figure(pairedRatio(reference.samples, lane.samples))}`;
}

function betweenTable(run: RunResult): string[] {
  const labels = run.variants.map(({ label }) => label);
  const rows = [
    `| case | subject | ${labels.map((label) => `${label}, ns/op`).join(' | ')} | slowest / fastest |`,
    `|---|---|${labels.map(() => '---:|').join('')}---:|`,
  ];
  for (const result of run.cases) {
    for (const lane of lanesOf(result, labels[0]!)) {
      if (lane.subject !== 'spop') continue;
      const lanes = labels.map((label) => lanesOf(result, label).find(({ subject }) => subject === lane.subject)!);
      const medians = lanes.map(({ samples }) => summarize(samples).median);
      const slowest = lanes[medians.indexOf(Math.max(...medians))]!;
      const fastest = lanes[medians.indexOf(Math.min(...medians))]!;
      const ratio = slowest === fastest ? 1 : pairedRatio(slowest.samples, fastest.samples);
      rows.push(`| ${result.name} | ${lane.subject} | ${medians.map(figure).join(' | ')} | ${ratio.toFixed(2)} |`);
    }
  }
  return rows;
}

function lanesOf(result: CaseResult, variant: string): LaneResult[] {
  return result.lanes.filter((lane) => lane.variant === variant);
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function bytes(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
