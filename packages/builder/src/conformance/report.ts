import { caseClasses, type CaseClass } from './case.ts';
import type { Verdict } from './run.ts';

/** A verdict in reports, and in JSON. */
export interface ReportEntry {
  readonly id: string;
  readonly class: CaseClass;
  readonly title: string;
  readonly source: string;
  readonly result: Verdict['result'];
  /** Whether it fails, and is in the list of known failures. */
  readonly isKnown: boolean;
  readonly detail?: string;
  readonly milliseconds: number;
}

/** The numbers of cases by result. */
export interface Counts {
  passed: number;
  /** Failed cases that are not known to fail. */
  failed: number;
  known: number;
  skipped: number;
}

/** The entry of a verdict. */
export function entryOf(verdict: Verdict, known: ReadonlySet<string>): ReportEntry {
  const { id, class: kind, title, source } = verdict.case;
  const { result, detail, milliseconds } = verdict;
  const isKnown = result === 'fail' && known.has(id);
  return {
    id,
    class: kind,
    title,
    source,
    result,
    isKnown,
    ...(detail === undefined ? {} : { detail }),
    milliseconds,
  };
}

/** Counts entries. */
export function countsOf(entries: readonly ReportEntry[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, known: 0, skipped: 0 };
  for (const { result, isKnown } of entries) {
    if (result === 'pass') counts.passed++;
    else if (result === 'skip') counts.skipped++;
    else if (isKnown) counts.known++;
    else counts.failed++;
  }
  return counts;
}

/** Rows for people: each class with its numbers of cases by result. */
export function classRows(entries: readonly ReportEntry[]): string[][] {
  return caseClasses.map((kind) => {
    const { passed, failed, known, skipped } = countsOf(entries.filter((entry) => entry.class === kind));
    return [kind, ...[passed, failed, known, skipped].map(String)];
  });
}

/** The Test Anything Protocol, version 14; known failures are its TODOs. */
export function tapReport(entries: readonly ReportEntry[]): string {
  const lines = entries.flatMap((entry, index) => {
    const { id, title, result, isKnown, detail, source } = entry;
    const directive = result === 'skip' ? ` # SKIP ${plain(detail)}` : isKnown ? ' # TODO known to fail' : '';
    // A hash begins a directive.
    const description = `${id} ${title}`.replaceAll('#', String.raw`\#`);
    const line = `${result === 'fail' ? 'not ok' : 'ok'} ${index + 1} - ${description}${directive}`;
    if (result !== 'fail') return [line];
    const [message, where] = [plain(detail), source].map((text) => JSON.stringify(text));
    return [line, '  ---', `  message: ${message}`, `  source: ${where}`, '  ...'];
  });
  return ['TAP version 14', `1..${entries.length}`, ...lines].join('\n');
}

/** JUnit's XML with a suite for each class; known failures count as skipped. */
export function junitReport(entries: readonly ReportEntry[]): string {
  const suites = caseClasses.map((kind) => {
    const own = entries.filter((entry) => entry.class === kind);
    const { failed, known, skipped } = countsOf(own);
    const head = `<testsuite name="${kind}" tests="${own.length}" failures="${failed}" skipped="${skipped + known}">`;
    return ['  ' + head, ...own.map(junitCase), '  </testsuite>'].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="spop conformance">',
    ...suites,
    '</testsuites>',
  ].join('\n');
}

function junitCase({ id, class: kind, title, result, isKnown, detail, source, milliseconds }: ReportEntry): string {
  const head = `    <testcase classname="${kind}" name="${escapeXml(`${id}: ${title}`)}" time="${milliseconds / 1000}"`;
  const text = escapeXml(plain(detail));
  if (result === 'skip') return `${head}><skipped message="${text}"/></testcase>`;
  if (isKnown) return `${head}><skipped message="known to fail: ${text}"/></testcase>`;
  if (result === 'fail') return `${head}><failure message="${text}">${escapeXml(source)}</failure></testcase>`;
  return `${head}/>`;
}

/** A text from the wire in one line, without characters that XML 1.0 or terminals do not take. */
export function plain(text: string = ''): string {
  // oxlint-disable-next-line eslint/no-control-regex -- these are what is looked for
  return text.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd');
}

/** Escapes a text for XML and HTML, attributes included. */
export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
