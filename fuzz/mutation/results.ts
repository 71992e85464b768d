/** The results of mutation, in fuzz/mutation/results.json: a run takes hours, and goes on with what has survived the last one. */
import type { Instrumenter } from '@stryker-mutator/instrumenter';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Journal } from './journal.ts';

type Mutant = Awaited<ReturnType<Instrumenter['instrument']>>['mutants'][number];

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = join(root, 'fuzz/mutation/results.json');

/** The mutants of one source file. */
export interface FileResult {
  /** A digest of the code, without its comments: other words do not change what tests notice. */
  readonly code: string;
  /** How many of the rounds are not finished; undefined means none. */
  readonly left?: number | undefined;
  readonly killed: number;
  /** Without mutants in code that only runs while modules are loaded. */
  readonly total: number;
  /** Those that were left out: their places among the mutants of the file, which are the same as long as the code is. */
  readonly early: string;
  /** The mutants that no test noticed: `7 at 12 ConditionalExpression: true`, with their places, and their lines at that time. */
  readonly survivors: readonly string[];
}

/** Leaves out what runs only while modules are loaded. A mutant that no test reaches has survived. */
export function toResult(
  file: string,
  mutants: readonly Mutant[],
  { covered, static: early, killed }: Journal,
  left: number,
): FileResult {
  const known = readResult(file);
  const wasNoticed = new Set(known === undefined ? [] : noticedPlaces(known, mutants.length));
  const wasEarly = new Set(known === undefined ? [] : earlyPlaces(known));
  const isEarly = ({ id, status }: Mutant, place: number): boolean => {
    if (status === 'Ignored') return true;
    if (covered.has(Number(id)) || wasNoticed.has(place)) return false;
    return early.has(Number(id)) || wasEarly.has(place);
  };
  const survivors: string[] = [];
  const leftOut: number[] = [];
  for (const [place, mutant] of mutants.entries()) {
    const { id, location, mutatorName, replacement } = mutant;
    if (isEarly(mutant, place)) leftOut.push(place);
    else if (!killed.has(Number(id)) && !wasNoticed.has(place)) {
      const reached = covered.has(Number(id)) ? '' : ' (not reached)';
      survivors.push(`${place} at ${location.start.line + 1} ${mutatorName}: ${replacement.split('\n')[0]}${reached}`);
    }
  }
  const total = mutants.length - leftOut.length;
  const done = left > 0 ? { left } : {};
  return {
    code: digestOf(file),
    ...done,
    killed: total - survivors.length,
    total,
    early: leftOut.join(' '),
    survivors,
  };
}

/** The numbers of the mutants of a file that a test has noticed in an earlier run. */
export function noticedBefore(file: string, mutants: readonly Mutant[]): number[] {
  const known = readResult(file);
  return known === undefined ? [] : noticedPlaces(known, mutants.length).map((place) => Number(mutants[place]!.id));
}

function earlyPlaces({ early }: FileResult): number[] {
  return early === '' ? [] : early.split(' ').map(Number);
}

function noticedPlaces(known: FileResult, count: number): number[] {
  const others = new Set([...earlyPlaces(known), ...known.survivors.map((each) => Number.parseInt(each, 10))]);
  return Array.from({ length: count }, (_, place) => place).filter((place) => !others.has(place));
}

/** The result of a file; undefined if its code has changed since. */
export function readResult(file: string): FileResult | undefined {
  const result = readAll()[file];
  return result?.code === digestOf(file) ? result : undefined;
}

/** Keeps a result. */
export function writeResult(file: string, result: FileResult): void {
  const all = Object.entries({ ...readAll(), [file]: result }).toSorted(([a], [b]) => a.localeCompare(b));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
}

/** The share of mutants that were noticed: of each package, then of each file. */
export function toTable(results: ReadonlyMap<string, FileResult>): string {
  const row = (name: string, group: readonly FileResult[]): string => {
    const killed = group.reduce((sum, each) => sum + each.killed, 0);
    const total = group.reduce((sum, each) => sum + each.total, 0);
    const share = total === 0 ? 'none' : `${((100 * killed) / total).toFixed(1)} %`;
    return `| ${name} | ${killed} of ${total} | ${share} |`;
  };
  const packages = Map.groupBy([...results], ([file]) => file.split('/')[1] ?? '');
  const sums = [...packages].map(([name, group]) =>
    row(
      `**${name}**`,
      group.map(([, result]) => result),
    ),
  );
  const rows = [...results].map(([file, result]) => row(file.replace('packages/', ''), [result]));
  return ['| file | noticed | |', '|---|---|---|', ...sums, ...rows].join('\n');
}

function readAll(): Record<string, FileResult> {
  // Written by writeResult.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, FileResult>) : {};
}

function digestOf(file: string): string {
  const code = readFileSync(join(root, file), 'utf8').replaceAll(/^ *(?:\/\/|\/\*|\*).*\n/gm, '');
  return createHash('sha256').update(code).digest('base64url').slice(0, 16);
}
