import { isUtf8 } from 'node:buffer';
import { SpopError } from '@spop/codec';

/**
 * A string on the wire may have any bytes (SPOE.txt §3.2). Here it is a JavaScript string, so that it can be compared and printed.
 * Each byte that is not part of valid UTF-8 becomes one lone surrogate, U+DC80 for `80` to U+DCFF for `ff`, as in Python's PEP 383.
 * Valid UTF-8 never has such a surrogate, so nothing is lost.
 */
const ESCAPE = 0xdc00;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The byte at `index`; 0 after the end. */
export function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** The range of the second byte of a UTF-8 sequence, which is narrower for some first bytes (RFC 3629 §4). */
function secondByteRange(first: number): readonly [min: number, max: number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** Length in bytes of the valid UTF-8 sequence that begins at `index`; 0 if none does. */
function sequenceLength(bytes: Uint8Array, index: number): number {
  const first = byteAt(bytes, index);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const [min, max] = secondByteRange(first);
  const second = byteAt(bytes, index + 1);
  if (second < min || second > max) return 0;
  for (let next = index + 2; next < index + length; next++) {
    const byte = byteAt(bytes, next);
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/**
 * Decodes bytes as UTF-8, with each invalid byte as a lone surrogate U+DC80 to U+DCFF. {@link toBytes} returns the same bytes.
 * Never throws.
 */
export function toText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return decoder.decode(bytes);
  let text = '';
  let validFrom = 0;
  for (let index = 0; index < bytes.length;) {
    const length = sequenceLength(bytes, index);
    if (length === 0) {
      text += decoder.decode(bytes.subarray(validFrom, index)) + String.fromCharCode(ESCAPE + byteAt(bytes, index));
      validFrom = index + 1;
    }
    index += Math.max(length, 1);
  }
  return text + decoder.decode(bytes.subarray(validFrom));
}

/**
 * The bytes of a text, the inverse of {@link toText}. A `Uint8Array` is copied.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for a lone surrogate that is not one of U+DC80 to U+DCFF.
 */
export function toBytes(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') return Uint8Array.from(text);
  // With the flag u only a lone surrogate matches.
  const pieces = text.split(/([\udc80-\udcff])/u);
  return concat(pieces.map((piece, index) => (index % 2 === 1 ? escapedByte(piece) : utf8(piece))));
}

function escapedByte(escape: string): Uint8Array {
  return Uint8Array.of(escape.charCodeAt(0) - ESCAPE);
}

function utf8(text: string): Uint8Array {
  if (text.isWellFormed()) return encoder.encode(text);
  throw new SpopError(
    'SPOP_INVALID_VALUE',
    'expected text; found a lone surrogate that stands for no byte: pass the bytes as a Uint8Array instead',
  );
}

/** All pieces one after the other, in a new array. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** Bytes as lower-case hexadecimal digits without separators. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The bytes of hexadecimal digits, with white space ignored: `fromHex('f0 00')`.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for any text but pairs of digits.
 */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw new SpopError('SPOP_INVALID_VALUE', `expected pairs of hexadecimal digits; found ${JSON.stringify(hex)}`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** The first `maxLines` lines of a text, 200 by default, and the number of others; for a failure with a long dump. */
export function firstLines(text: string, maxLines: number = 200): string {
  const lines = text.split('\n');
  const omitted = lines.length - maxLines;
  return omitted > 0 ? [...lines.slice(0, maxLines), `(${omitted} more lines)`].join('\n') : text;
}

/** A text in JSON quotes for people, with escaped bytes as `\x80`, cut after `maxCharacters`. */
export function quote(text: string, maxCharacters: number = 60): string {
  const cut = text.length > maxCharacters ? text.slice(0, maxCharacters) : text;
  const quoted = JSON.stringify(cut).replaceAll(/\\udc([89a-f][0-9a-f])/g, String.raw`\x$1`);
  return cut === text ? quoted : `${quoted}… (${text.length} characters)`;
}
