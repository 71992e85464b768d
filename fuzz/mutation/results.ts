import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Not in the repository: what was run on this machine. */
const FOLDER = join(root, 'fuzz/mutation/results');

/** A change that no test noticed. */
export interface Survivor {
  readonly line: number;
  readonly mutator: string;
  readonly replacement: string;
}

/** What became of the changes of one source file. */
export interface FileResult {
  readonly file: string;
  /** Of the source when it was mutated. */
  readonly sourceHash: string;
  readonly killed: number;
  /** All that could have been noticed: without those that do not compile. */
  readonly total: number;
  readonly survivors: readonly Survivor[];
}

/** The part of Stryker's JSON report that is read here. */
export interface StrykerReport {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly mutants: readonly {
          readonly status: string;
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly location: { readonly start: { readonly line: number } };
        }[];
      }
    >
  >;
}

/** Counts as Stryker does: what no test reaches has survived, and what ran out of time was noticed. */
export function toResult(file: string, sourceHash: string, report: StrykerReport): FileResult {
  const mutants = Object.values(report.files).flatMap((each) => each.mutants);
  const withStatus = (...statuses: readonly string[]): typeof mutants =>
    mutants.filter(({ status }) => statuses.includes(status));
  const killed = withStatus('Killed', 'Timeout').length;
  const survivors = withStatus('Survived', 'NoCoverage').map(({ location, mutatorName, replacement = '' }) => ({
    line: location.start.line,
    mutator: mutatorName,
    replacement,
  }));
  return { file, sourceHash, killed, total: killed + survivors.length, survivors };
}

export function hashOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex');
}

function pathOf(file: string): string {
  return join(FOLDER, `${file.replace(/^packages\//, '').replaceAll('/', '-')}.json`);
}

/** The result of a file as it is now; undefined where it was not mutated since it changed. */
export function readResult(file: string): FileResult | undefined {
  const path = pathOf(file);
  if (!existsSync(path)) return undefined;
  // Written by writeResult.
  const result = JSON.parse(readFileSync(path, 'utf8')) as FileResult;
  return result.sourceHash === hashOf(file) ? result : undefined;
}

export function writeResult(result: FileResult): void {
  const path = pathOf(result.file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The share of changes that were noticed, in per cent: of each file, then of each package. */
export function toTable(results: readonly FileResult[]): string {
  const percent = (killed: number, total: number): string =>
    total === 0 ? 'none' : `${((100 * killed) / total).toFixed(1)} %`;
  const row = (name: string, killed: number, total: number): string =>
    `| ${name} | ${killed} of ${total} | ${percent(killed, total)} |`;
  const packages = Map.groupBy(results, ({ file }) => file.split('/')[1] ?? '');
  const sums = [...packages].map(([name, group]) =>
    row(
      `**${name}**`,
      group.reduce((sum, { killed }) => sum + killed, 0),
      group.reduce((sum, { total }) => sum + total, 0),
    ),
  );
  const rows = results.map(({ file, killed, total }) => row(file.replace('packages/', ''), killed, total));
  return ['| file | noticed | |', '|---|---|---|', ...rows, ...sums].join('\n');
}
