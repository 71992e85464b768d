/** The operator's page: the reason of a visitor's refusal, by support ID. */
import type { Counts, Refusal } from './counts.ts';

const STYLE = 'body{font:1rem sans-serif;margin:2rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}';

/** The page with the last refusals. It shows visitors' addresses: it is for the operator's network only. */
export function operatorPage(counts: Counts): string {
  const rows = counts.refusals.map(toRow).join('\n');
  const totals = counts
    .toMetrics()
    .flatMap(({ name, value }) => (typeof value === 'number' ? [] : value.map((each) => ({ name, ...each }))))
    .filter(({ name }) => !/_within$|_seconds$/.test(name))
    .map(({ name, labels, value }) => `<tr><td>${name}<td>${escapeHtml(Object.values(labels).join(', '))}<td>${value}`);
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

function toRow({ at, supportId, reason, way, address, frontend }: Refusal): string {
  const cells = [at.toISOString(), supportId || '-', reason, way, address, frontend];
  return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}`).join('')}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
