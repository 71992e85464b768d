import type { AsyncCase, Case, Subject } from '../harness/case.ts';
import { type Operation, run } from '../harness/operation.ts';
import type { Work } from '../harness/stopwatch.ts';

/** A prepared subject of a case. */
export interface Prepared {
  readonly work: Work;
  /** Only of a case that needs no event loop. */
  readonly operation?: Operation;
}

/** What the benchmarks' own files export: `file` is relative to the folder `benchmarks`. */
export interface CaseFile {
  readonly cases?: readonly Case[];
  readonly asyncCases?: readonly AsyncCase[];
}

/** Loads a case and prepares one subject of it. */
export async function prepare(file: string, name: string, subject: string): Promise<Prepared> {
  const module = (await import(new URL(`../${file}`, import.meta.url).href)) as CaseFile;
  const operation = module.cases?.find((each) => each.name === name)?.subjects[subject as Subject]?.();
  if (operation !== undefined) return { operation, work: (count) => run(operation, count) };
  const found = module.asyncCases?.find((each) => each.name === name);
  if (found === undefined || subject !== 'spop') {
    throw new Error(`expected a case '${name}' with a subject '${subject}' in ${file}; found none`);
  }
  return { work: await found.prepare() };
}
