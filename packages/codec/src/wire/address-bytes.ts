/*
 * Parses addresses from the bytes of their text. The grammar is that of `parseAddress`, which reads a string: neither can use
 * the other without allocating. A property test compares the two.
 */

import { IPV4_BYTES, IPV6_BYTES } from './typed-data.ts';

/** An IPv6 address has a colon among its first five characters. */
const COLON_WITHIN = 5;
const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

/**
 * Parses the IPv4 or IPv6 address that is the text from `start` to `end` of `bytes`. It writes the address to the beginning of
 * `target`, which has 16 bytes of room, and returns its size in bytes: 4, 16, or 0 when the text is not an address. It accepts
 * the same text as {@link parseAddress}, and allocates nothing: for lists of addresses in files.
 *
 * @throws {RangeError} when `target` has less room, or `start` and `end` are not within `bytes`.
 */
export function parseAddressBytes(bytes: Uint8Array, start: number, end: number, target: Uint8Array): 0 | 4 | 16 {
  if (!(start >= 0 && end <= bytes.length)) {
    throw new RangeError(`expected a range within ${bytes.length} bytes; found offsets ${start} to ${end}`);
  }
  if (target.length < IPV6_BYTES) throw new RangeError(`expected room for ${IPV6_BYTES} bytes; found ${target.length}`);
  for (let i = start; i < end && i < start + COLON_WITHIN; i++) {
    if (bytes[i] === COLON) return parseIpv6Bytes(bytes, start, end, target) ? IPV6_BYTES : 0;
  }
  return parseIpv4Bytes(bytes, start, end, target, 0) ? IPV4_BYTES : 0;
}

/** Parses the IPv4 address from `start` to `end` into four bytes of `target` at `to`; false when it is not an address. */
export function parseIpv4Bytes(bytes: Uint8Array, start: number, end: number, target: Uint8Array, to: number): boolean {
  let position = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (position >= end || bytes[position++] !== DOT)) return false;
    const first = position;
    let value = 0;
    for (; position < end && position - first < 4; position++) {
      const digit = bytes[position]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = position - first;
    if (digits === 0 || value > 255 || (digits > 1 && bytes[first] === ZERO)) return false;
    target[to + part] = value;
  }
  return position === end;
}

/** Parses the IPv6 address from `start` to `end` into the first 16 bytes of `target`; false when it is not an address. */
export function parseIpv6Bytes(bytes: Uint8Array, start: number, end: number, target: Uint8Array): boolean {
  let position = start;
  let written = 0;
  // The number of bytes before `::`; -1 before it has come.
  let gap = -1;
  if (isColon(bytes, position, end)) {
    if (!isColon(bytes, position + 1, end)) return false;
    position += 2;
    gap = 0;
  }
  while (position < end) {
    if (written === 16) return false;
    const groupEnd = hexEnd(bytes, position, end);
    if (groupEnd < end && bytes[groupEnd] === DOT) {
      if (written > 12 || !parseIpv4Bytes(bytes, position, end, target, written)) return false;
      written += 4;
      break;
    }
    if (groupEnd === position) return false;
    let value = 0;
    for (; position < groupEnd; position++) value = (value << 4) | hexDigit(bytes[position]!);
    target[written++] = value >>> 8;
    target[written++] = value & 0xff;
    if (position === end) break;
    if (bytes[position++] !== COLON) return false;
    if (isColon(bytes, position, end)) {
      if (gap >= 0) return false;
      gap = written;
      position++;
    } else if (position === end) {
      return false;
    }
  }
  if (gap < 0) return written === 16;
  if (written > 14) return false;
  // The bytes after the gap move to the end.
  let to = 16;
  while (written > gap) target[--to] = target[--written]!;
  while (to > gap) target[--to] = 0;
  return true;
}

function isColon(bytes: Uint8Array, position: number, end: number): boolean {
  return position < end && bytes[position] === COLON;
}

/** The offset after up to four hex digits. */
function hexEnd(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && position - start < 4 && hexDigit(bytes[position]!) >= 0) position++;
  return position;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
