import type { Notify } from '@spop/codec';

/** How many messages of a NOTIFY are named in a report. */
export const MAX_NAMES: number = 8;
const MAX_NAME_LENGTH = 64;

/** The names of the messages of a NOTIFY as they came, for reports: at most 8, each cut to 64 characters. Its walk begins anew. */
export function toReportedNames(notify: Notify): string[] {
  const names: string[] = [];
  const walker = notify.walk();
  while (names.length < MAX_NAMES && walker.next()) names.push(walker.name.toString().slice(0, MAX_NAME_LENGTH));
  return names;
}
