import { readdirSync } from 'node:fs';
import type { Case } from '../harness/case.ts';

/** A case, and the folder of the benchmarks and the file in it that hold it. */
export interface Entry {
  folder: string;
  file: string;
  definition: Case;
}

/** All cases whose name contains one of the comma-separated parts of `filter`, or all without one. */
export async function findCases(filter: string | undefined): Promise<Entry[]> {
  const folder = new URL('cases/', import.meta.url);
  const parts = filter?.split(',') ?? [''];
  const entries: Entry[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    const module = (await import(new URL(file, folder).href)) as { cases?: readonly Case[] };
    for (const definition of module.cases ?? []) {
      if (parts.some((part) => definition.name.includes(part)))
        entries.push({ folder: 'codec/cases', file, definition });
    }
  }
  if (entries.length === 0) throw new Error(`expected a case whose name contains '${filter}'; found none`);
  return entries;
}
