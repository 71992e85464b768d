import { quote } from './text.ts';
import type { TypedData } from './typed-data.ts';

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

/** Any value that an untyped caller may have passed, as text for an error. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'object' && value !== null && 'type' in value) return `a value of type ${String(value.type)}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
