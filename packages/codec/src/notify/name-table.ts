import { SpopError } from '../errors.ts';
import { quoteText } from '../quote.ts';

/** The longest name that a table takes, in bytes; its length is then a varint of one byte. */
export const MAX_NAME_BYTES = 239;
/** The most names of a table, whose places are 16-bit integers. */
const MAX_NAMES = 0x7fff;

/**
 * Finds which of some known names stands in a frame; it compares bytes and allocates no string. The hash uses the length and the
 * first, middle and last byte, since hashing every byte is slower (benchmark `decode tiny`). A found name is then verified byte
 * by byte.
 */
export class NameTable {
  /** The names as UTF-8, by index. */
  declare readonly names: readonly Buffer[];
  /** Index of a name plus one, by hash; 0 for an empty place. Collisions go to the next place. */
  readonly #places: Int16Array;
  readonly #mask: number;
  /** Index of the empty name, or -1. */
  readonly #empty: number;

  /**
   * @throws {SpopError} SPOP_INVALID_NAME for a name that occurs twice or has more than 239 bytes; {RangeError} for more than
   * 32,767 names.
   */
  constructor(names: readonly string[]) {
    if (names.length > MAX_NAMES) throw new RangeError(`expected at most ${MAX_NAMES} names; found ${names.length}`);
    this.names = names.map((name) => encodeName(name));
    let size = 4;
    while (size < names.length * 2) size *= 2;
    this.#mask = size - 1;
    this.#places = new Int16Array(size);
    this.#empty = this.names.findIndex((name) => name.length === 0);
    for (const [index, name] of this.names.entries()) {
      const first = this.find(name, 0, name.length);
      // The empty name needs no place: `find` returns its index.
      if (first >= 0 && first !== index) {
        throw new SpopError(
          'SPOP_INVALID_NAME',
          `expected each name once; found ${quoteText(names[index] ?? '')} twice`,
        );
      }
      let place = hash(name, 0, name.length) & this.#mask;
      while (this.#places[place] !== 0) place = (place + 1) & this.#mask;
      this.#places[place] = index + 1;
    }
  }

  /** The index of the name that equals the `length` bytes at `start`, or -1. */
  find(bytes: Buffer, start: number, length: number): number {
    if (length === 0) return this.#empty;
    const mask = this.#mask;
    let place = hash(bytes, start, length) & mask;
    for (let index = this.#places[place]!; index !== 0; index = this.#places[place]!) {
      if (nameEquals(this.names[index - 1]!, bytes, start, length)) return index - 1;
      place = (place + 1) & mask;
    }
    return -1;
  }
}

/** Whether `name` is exactly the `length` bytes at `start`. */
function nameEquals(name: Buffer, bytes: Buffer, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (name[i] !== bytes[start + i]) return false;
  }
  return true;
}

/**
 * A message or argument name as UTF-8.
 *
 * @throws {SpopError} SPOP_INVALID_NAME above 239 bytes.
 */
export function encodeName(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length > MAX_NAME_BYTES) {
    throw new SpopError(
      'SPOP_INVALID_NAME',
      `expected a name of at most ${MAX_NAME_BYTES} bytes; found ${bytes.length}: ${quoteText(name)}`,
    );
  }
  return bytes;
}

function hash(bytes: Buffer, start: number, length: number): number {
  if (length === 0) return 0;
  return (length * 31 + bytes[start]! * 7 + bytes[start + (length >> 1)]! * 13 + bytes[start + length - 1]! * 17) | 0;
}
