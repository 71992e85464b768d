/** Addresses as text: IPv4 in dotted form, IPv6 in the form of RFC 5952. Parsing text into bytes allocates nothing. */

import { IPV6_BYTES } from './typed-data.ts';

const parsedAddress: Buffer = Buffer.alloc(IPV6_BYTES);

const DOT = 0x2e;
const COLON = 0x3a;

/**
 * Parses the IPv4 or IPv6 address `text` into `target` at `offset` (0 by default), where 16 bytes have room. It returns the size
 * in bytes: 4, 16, or 0 when the text is not an address. IPv4 has to be four decimal numbers without leading zeros; IPv6 may
 * have every form of RFC 4291 §2.2, without a zone. Allocates nothing.
 */
export function parseAddress(text: string, target: Uint8Array, offset: number = 0): 0 | 4 | 16 {
  for (let i = 0; i < text.length && i < 5; i++) {
    if (text.charCodeAt(i) === COLON) return parseIpv6(text, target, offset) ? 16 : 0;
  }
  return parseIpv4(text, 0, target, offset) ? 4 : 0;
}

function parseIpv4(text: string, from: number, target: Uint8Array, offset: number): boolean {
  let position = from;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(position++) !== DOT) return false;
    const start = position;
    let value = 0;
    for (; position < text.length && position - start < 4; position++) {
      const digit = text.charCodeAt(position) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const digits = position - start;
    if (digits === 0 || value > 255 || (digits > 1 && text.charCodeAt(start) === 0x30)) return false;
    target[offset + part] = value;
  }
  return position === text.length;
}

function parseIpv6(text: string, target: Uint8Array, offset: number): boolean {
  let position = 0;
  let written = 0;
  // The number of bytes before `::`; -1 before it has come.
  let gap = -1;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    position = 2;
    gap = 0;
  }
  while (position < text.length) {
    if (written === 16) return false;
    const start = position;
    let value = 0;
    let digit = hexDigit(text.charCodeAt(position));
    while (digit >= 0 && position - start < 4) {
      value = (value << 4) | digit;
      digit = hexDigit(text.charCodeAt(++position));
    }
    if (text.charCodeAt(position) === DOT) {
      if (written > 12 || !parseIpv4(text, start, target, offset + written)) return false;
      written += 4;
      position = text.length;
      break;
    }
    if (position === start) return false;
    target[offset + written] = value >>> 8;
    target[offset + written + 1] = value & 0xff;
    written += 2;
    if (position === text.length) break;
    if (text.charCodeAt(position++) !== COLON) return false;
    if (text.charCodeAt(position) === COLON) {
      if (gap >= 0) return false;
      gap = written;
      position++;
    } else if (position === text.length) {
      return false;
    }
  }
  if (gap < 0) return written === 16;
  if (written > 14) return false;
  const moved = written - gap;
  target.copyWithin(offset + 16 - moved, offset + gap, offset + written);
  // Buffer's `fill` allocates its arguments on the heap.
  for (let i = gap; i < 16 - moved; i++) target[offset + i] = 0;
  return true;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Bytes before the IPv4 address in an IPv4-mapped IPv6 address. */
export const MAPPED_PREFIX_BYTES = 12;

/** Whether the 16 bytes at `offset` are an IPv4 address mapped to IPv6, `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
export function isMappedAddress(bytes: Uint8Array, offset: number): boolean {
  let bits = ~(bytes[offset + 10]! & bytes[offset + 11]!) & 0xff;
  for (let i = 0; i < 10; i++) bits |= bytes[offset + i]!;
  return bits === 0;
}

/** Whether `text` is the address of the `length` bytes at `start`; an IPv4 address may also be written as mapped to IPv6. */
export function isAddress(bytes: Buffer, start: number, length: number, text: string): boolean {
  const size = parseAddress(text, parsedAddress, 0);
  const from = size > length && isMappedAddress(parsedAddress, 0) ? MAPPED_PREFIX_BYTES : 0;
  if (size - from !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== parsedAddress[from + i]) return false;
  }
  return true;
}

/** Whether `other` is the IPv4 address at `start`, mapped to IPv6. */
export function isMappedTo(bytes: Buffer, start: number, other: Uint8Array): boolean {
  if (other.length !== IPV6_BYTES || !isMappedAddress(other, 0)) return false;
  for (let i = MAPPED_PREFIX_BYTES; i < IPV6_BYTES; i++) {
    if (bytes[start + i - MAPPED_PREFIX_BYTES] !== other[i]) return false;
  }
  return true;
}

/** The four bytes at `offset` in dotted decimal form. */
export function toIpv4Text(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/**
 * The 16 bytes at `offset` in the form of RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups
 * (the first one if several are equally long) as `::`, and IPv4-mapped addresses as `::ffff:192.0.2.1` (§5).
 */
export function toIpv6Text(bytes: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[offset + i]! << 8) | bytes[offset + i + 1]!);
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${toIpv4Text(bytes, offset + 12)}`;
  }
  let gap = -1;
  let gapLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > gapLength) {
      gap = start;
      gapLength = end - start;
    }
    if (end > start) start = end;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gap < 0 ? hex(0, 8) : `${hex(0, gap)}::${hex(gap + gapLength, 8)}`;
}
