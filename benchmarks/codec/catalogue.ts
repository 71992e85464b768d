import { readdirSync } from 'node:fs';
import type { AsyncCase, Case } from '../harness/case.ts';
import { asyncCases } from '../socket/cases.ts';
import type { CaseName } from './lane.ts';
import type { CaseFile } from './work.ts';

/** A case, and the folder of the benchmarks and the file in it that hold it. */
export interface Entry {
  folder: string;
  file: string;
  definition: Case;
}

/** All cases whose name contains one of the comma-separated parts of `filter`, or all without one. */
export async function findCases(filter: string | undefined): Promise<Entry[]> {
  const folder = new URL('cases/', import.meta.url);
  const entries: Entry[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    const module = (await import(new URL(file, folder).href)) as CaseFile;
    for (const definition of module.cases ?? []) {
      if (matches(definition.name, filter)) entries.push({ folder: 'codec/cases', file, definition });
    }
  }
  if (entries.length === 0 && findAsyncCases(filter).length === 0) {
    throw new Error(`expected a case whose name contains '${filter}'; found none`);
  }
  return entries;
}

/** All cases whose operations need the event loop, filtered as {@link findCases} does; there may be none. */
export function findAsyncCases(filter: string | undefined): readonly AsyncCase[] {
  return asyncCases.filter(({ name }) => matches(name, filter));
}

/** The file that holds them. */
export const ASYNC_FILE = 'socket/cases.ts';

/** A case with a subject `spop`, through a socket or not. */
export interface SpopCase extends CaseName {
  readonly what: string;
  /** Whether it needs the event loop. */
  readonly isAsync: boolean;
  /** Whether its bytes of heap are the same in each process: not if it throws, or needs the event loop. */
  readonly hasExactBytes: boolean;
}

/** All cases of which `spop` can be measured alone; filtered as {@link findCases} does. */
export async function findSpopCases(filter: string | undefined): Promise<SpopCase[]> {
  const entries = (await findCases(undefined)).filter(({ definition }) => definition.subjects.spop !== undefined);
  const found: SpopCase[] = [
    ...entries.map(({ folder, file, definition: { name, what, throws } }) => {
      return { file: `${folder}/${file}`, name, what, isAsync: false, hasExactBytes: throws !== true };
    }),
    ...asyncCases.map(({ name, what }) => {
      return { file: ASYNC_FILE, name, what, isAsync: true, hasExactBytes: false };
    }),
  ].filter(({ name }) => matches(name, filter));
  if (found.length === 0) throw new Error(`expected a case whose name contains '${filter}'; found none`);
  return found;
}

function matches(name: string, filter: string | undefined): boolean {
  return filter === undefined || filter.split(',').some((part) => name.includes(part));
}
