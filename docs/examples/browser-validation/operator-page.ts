/** The operator's page: the reason of a visitor's refusal, by support ID. */
import type { Labels, OwnMetric } from '@spop/agent';
import type { Counts, Refusal } from './counts.ts';

const STYLE = 'body{font:1rem sans-serif;margin:2rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}';

/** The page with the last refusals. It shows visitors' addresses: it is for the operator's network only. */
export function operatorPage(counts: Counts): string {
  const rows = counts.refusals.map(toRow).join('\n');
  const totals = counts
    .toMetrics()
    .flatMap(toTotals)
    .map(([name, labels, count]) => `<tr><td>${name}<td>${escapeHtml(labels)}<td>${count}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Browser validation</title>
<style>${STYLE}</style>
<h1>Browser validation</h1>
<h2>Last refusals</h2>
<table>
<thead><tr><th scope="col">Time<th scope="col">Support ID<th scope="col">Reason<th scope="col">Way<th scope="col">Address<th scope="col">Frontend</thead>
<tbody>${rows}</tbody>
</table>
<h2>Since the start</h2>
<table><tbody>${totals.join('\n')}</tbody></table>
`;
}

/** The counts of a metric by their labels, and of a histogram how many values it has. */
function toTotals({ name, ...metric }: OwnMetric): [name: string, labels: string, count: number][] {
  const labelsOf = ({ labels }: { readonly labels: Labels }): string => Object.values(labels).join(', ');
  if (metric.type === 'histogram') {
    if ('buckets' in metric.value) return [];
    return metric.value.map((each) => [name, labelsOf(each), each.value.count]);
  }
  return typeof metric.value === 'number' ? [] : metric.value.map((each) => [name, labelsOf(each), each.value]);
}

function toRow({ at, supportId, reason, way, address, frontend }: Refusal): string {
  const cells = [at.toISOString(), supportId || '-', reason, way, address, frontend];
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}`).join('')}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
