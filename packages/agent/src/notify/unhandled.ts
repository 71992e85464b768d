import type { Notify } from '@spop/codec';

/** The most message names of one report. */
export const MAX_NAMES: number = 8;
const MAX_NAME_LENGTH = 64;

/** The names of a NOTIFY's messages for a report: the first 8, each cut to 64 characters. It restarts the NOTIFY's reader. */
export function toReportedNames(notify: Notify): string[] {
  const names: string[] = [];
  const walker = notify.walk();
  while (names.length < MAX_NAMES && walker.next()) names.push(walker.name.toString().slice(0, MAX_NAME_LENGTH));
  return names;
}
