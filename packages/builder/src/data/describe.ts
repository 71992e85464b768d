import { quote } from './text.ts';
import type { TypedData } from './values.ts';

/** Flags of a frame in one line for people, such as `3 FIN|ABORT`. */
export function describeFlags(flags: number): string {
  const names = [
    flags % 2 === 1 ? 'FIN' : '',
    Math.floor(flags / 2) % 2 === 1 ? 'ABORT' : '',
    flags > 3 ? 'reserved' : '',
  ];
  return `${flags} ${names.filter((name) => name !== '').join('|')}`.trimEnd();
}

/** A typed data in one line for people, such as `IPV4 10.0.0.1`. */
export function describeTypedData(typed: TypedData): string {
  const flags = typed.flags === undefined ? '' : ` (with meaningless flags ${typed.flags})`;
  if (typed.type === 'null') return `NULL${flags}`;
  const type = typed.type.toUpperCase();
  if (typed.type === 'string') return `${type} ${quote(typed.value)}${flags}`;
  if (typed.type === 'binary') {
    return `${type} of ${typed.value.length} ${typed.value.length === 1 ? 'byte' : 'bytes'}${flags}`;
  }
  return `${type} ${typed.value}${flags}`;
}
