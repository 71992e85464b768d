/** What Stryker found, a report for each file: kept in fuzz/mutation/results, not in the repository. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The part of Stryker's JSON report on one file that is read here. */
export interface FileReport {
  readonly source: string;
  readonly mutants: readonly {
    readonly status: string;
    readonly mutatorName: string;
    readonly replacement?: string;
    readonly location: { readonly start: { readonly line: number } };
  }[];
}

function pathOf(file: string): string {
  return join(root, 'fuzz/mutation/results', `${file.replace(/^packages\//, '').replaceAll('/', '-')}.json`);
}

/** The report on a file as it is now; undefined where it was not mutated since it changed. */
export function readReport(file: string): FileReport | undefined {
  const path = pathOf(file);
  if (!existsSync(path)) return undefined;
  // Written by writeReport.
  const report = JSON.parse(readFileSync(path, 'utf8')) as FileReport;
  return report.source === readFileSync(join(root, file), 'utf8') ? report : undefined;
}

/** Keeps a report. */
export function writeReport(file: string, report: FileReport): void {
  mkdirSync(dirname(pathOf(file)), { recursive: true });
  writeFileSync(pathOf(file), JSON.stringify(report));
}

/** The changes that no test noticed: what no test reaches has survived, what ran out of time was noticed. */
export function survivorsOf({ mutants }: FileReport): FileReport['mutants'] {
  return mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
}

/** The share of changes that were noticed: of each package, then of each file. */
export function toTable(reports: ReadonlyMap<string, FileReport>): string {
  const row = (name: string, group: readonly FileReport[]): string => {
    const killed = group
      .flatMap(({ mutants }) => mutants)
      .filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    const total = killed + group.flatMap(survivorsOf).length;
    const share = total === 0 ? 'none' : `${((100 * killed) / total).toFixed(1)} %`;
    return `| ${name} | ${killed} of ${total} | ${share} |`;
  };
  const packages = Map.groupBy([...reports], ([file]) => file.split('/')[1] ?? '');
  const sums = [...packages].map(([name, group]) =>
    row(
      `**${name}**`,
      group.map(([, report]) => report),
    ),
  );
  const rows = [...reports].map(([file, report]) => row(file.replace('packages/', ''), [report]));
  return ['| file | noticed | |', '|---|---|---|', ...sums, ...rows].join('\n');
}
