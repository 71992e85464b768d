import { readdirSync } from 'node:fs';
import type { Case, Subject } from '../harness/case.ts';
import { type Operation, run } from '../harness/operation.ts';
import type { Work } from '../harness/stopwatch.ts';

/** A case, and its file in `cases/`. */
export interface Entry {
  readonly file: string;
  readonly definition: Case;
}

/** A prepared subject of a case. */
export interface Prepared {
  readonly work: Work;
  /** Missing if the case needs the event loop. */
  readonly operation?: Operation;
}

const folder = new URL('cases/', import.meta.url);

async function casesOf(file: string): Promise<readonly Case[]> {
  return ((await import(new URL(file, folder).href)) as { cases: readonly Case[] }).cases;
}

/** All cases whose name contains one of the comma-separated parts of `filter`, or all without a filter. */
export async function findCases(filter: string = ''): Promise<Entry[]> {
  const parts = filter.split(',');
  const entries: Entry[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    for (const definition of await casesOf(file)) entries.push({ file, definition });
  }
  const found = entries.filter(({ definition }) => parts.some((part) => definition.name.includes(part)));
  if (found.length === 0) throw new Error(`expected a case whose name contains '${filter}'; found none`);
  return found;
}

/** Loads one case, and no file of other cases. */
export async function findCase(file: string, name: string): Promise<Case> {
  const definition = (await casesOf(file)).find((each) => each.name === name);
  if (definition === undefined) throw new Error(`expected a case '${name}' in ${file}; found none`);
  return definition;
}

/** Loads a case and prepares one subject of it. */
export async function prepare(file: string, name: string, subject: string): Promise<Prepared> {
  const { subjects, work } = await findCase(file, name);
  const operation = subjects[subject as Subject]?.();
  if (operation !== undefined) return { operation, work: (count) => run(operation, count) };
  if (work === undefined || subject !== 'spop')
    throw new Error(`expected a subject '${subject}' of ${name}; found none`);
  return { work: await work() };
}
