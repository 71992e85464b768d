import { caseClasses } from './case.ts';
import { countsOf, escapeXml, plain, type ReportEntry } from './report.ts';

/** The report of one agent. */
export interface NamedReport {
  readonly name: string;
  readonly entries: readonly ReportEntry[];
}

const STYLE = `body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; color-scheme: light dark }
table { border-collapse: collapse } th, td { padding: .2em .6em; text-align: left; border-bottom: 1px solid #8884 }
thead th { position: sticky; top: 0; background: Canvas } td.pass { color: #197a3e } td.fail { color: #c62828; font-weight: bold }
td.skip, small { color: #777 } code { font-size: 13px }`;

const MARK = { pass: '✓', fail: '✗', skip: '–' } as const;

/** A page that compares agents: a row for each case, a column for each report. It loads nothing and runs nothing. */
export function htmlMatrix(reports: readonly NamedReport[]): string {
  const byId = reports.map(({ entries }) => new Map(entries.map((entry) => [entry.id, entry])));
  const all = new Map(reports.flatMap(({ entries }) => entries.map((entry) => [entry.id, entry] as const)));
  const columns = reports.map(({ name }) => `<th>${escapeXml(name)}</th>`).join('');
  const sections = caseClasses.map((kind) => {
    const rows = [...all.values()].filter((entry) => entry.class === kind);
    const sums = reports.map(({ entries }) => {
      const { passed, failed, known } = countsOf(entries.filter((entry) => entry.class === kind));
      return `<td>${passed} of ${passed + failed + known}</td>`;
    });
    const lines = rows.map((entry) => row(entry, byId));
    return `<tbody>\n<tr><th>${kind}</th>${sums.join('')}</tr>\n${lines.join('\n')}\n</tbody>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>SPOP conformance</title><style>
${STYLE}
</style></head><body>
<h1>SPOP conformance</h1>
<p>✓ passed, ✗ failed, – not asked. Point at a ✗ to see what the agent did instead.</p>
<table><thead><tr><th>case</th>${columns}</tr></thead>
${sections.join('\n')}
</table></body></html>`;
}

function row({ id, title, source }: ReportEntry, byId: readonly ReadonlyMap<string, ReportEntry>[]): string {
  const cells = byId.map((entries) => {
    const entry = entries.get(id);
    if (entry === undefined) return '<td></td>';
    return `<td class="${entry.result}" title="${escapeXml(plain(entry.detail))}">${MARK[entry.result]}</td>`;
  });
  const name = `<code>${escapeXml(id)}</code><br>${escapeXml(title)} <small>${escapeXml(source)}</small>`;
  return `<tr><td>${name}</td>${cells.join('')}</tr>`;
}

/**
 * The entries of a report in lines of JSON; other lines are skipped.
 *
 * @throws {Error} when a line is not JSON, or there is no entry.
 */
export function readReport(text: string): ReportEntry[] {
  const entries = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): unknown => JSON.parse(line))
    .filter(isEntry);
  if (entries.length === 0) throw new Error('expected lines of spop conformance --json; found none');
  return entries;
}

function isEntry(value: unknown): value is ReportEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry: Partial<Record<keyof ReportEntry, unknown>> = value;
  const texts = [entry.id, entry.title, entry.source];
  const isKind = caseClasses.some((kind) => kind === entry.class);
  return isKind && texts.every((text) => typeof text === 'string') && Object.hasOwn(MARK, String(entry.result));
}
