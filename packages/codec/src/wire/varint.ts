import { MAX_VARINT_BYTES } from '../constants.ts';
import type { Cursor } from './cursor.ts';

/*
 * Varints of HAProxy's peers protocol (SPOE.txt §3.1; include/haproxy/intops.h, encode_varint):
 *
 *        0 <= v < 240   one byte
 *      240 <= v         the low nibble with f0 set, then (v - 240) >> 4 in groups of seven bits, lowest first,
 *                       128 subtracted before each further group
 *
 * Decoding therefore adds the bytes up unmasked, at shifts 4, 11, 18, … A value is kept as two signed 32-bit halves:
 * neither a double nor a BigInt exists unless the caller asks for one.
 */

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode realistic`).
const ONE_BYTE_VARINTS = 240;
const CONTINUES = 128;
/** A first byte below this is the whole varint. */
const ONE_BYTE_VARINTS_: number = ONE_BYTE_VARINTS;
/** A later byte of at least this is not the last. */
const CONTINUES_: number = CONTINUES;
export { CONTINUES_ as CONTINUES, ONE_BYTE_VARINTS_ as ONE_BYTE_VARINTS };
const SIGN = 0x8000_0000 | 0;

/**
 * Reads one varint (SPOE.txt §3.1), 0 to 2^64 - 1, into `cursor.lo` and `cursor.hi`, and moves the cursor to the offset after it.
 * Below 2^31 `hi` is 0 and `lo` is the value. Allocates nothing, and reads no byte at or after the cursor's limit.
 *
 * @throws {SpopError} SPOP_TRUNCATED when the varint runs past the limit; SPOP_VARINT_OVERFLOW above ten bytes or 2^64 - 1. The
 * cursor is then unchanged. Both have the status of a malformed frame, also when a handler reads the bytes of an argument.
 */
export function readVarint(cursor: Cursor): void {
  const position = cursor.position;
  if (position < cursor.limit) {
    const first = cursor.bytes[position]!;
    if (first < ONE_BYTE_VARINTS) {
      cursor.lo = first;
      cursor.hi = 0;
      cursor.position = position + 1;
      return;
    }
  }
  readLongVarint(cursor);
}

/** {@link readLength} at `position` of `bytes`, for a caller with a position of its own; offsets count from the cursor's origin. */
export function readLengthAt(cursor: Cursor, bytes: Buffer, position: number, limit: number): number {
  cursor.moveTo(bytes, position, limit, cursor.origin);
  return readLength(cursor);
}

/** A varint of up to five bytes cannot overflow: it is below 2^33. */
export const SHORT_VARINT_BYTES = 5;

/** The offset after a varint of up to five bytes; 0 for a longer one. The caller has checked that five bytes are there. */
export function shortVarintEnd(bytes: Buffer, position: number): number {
  if (bytes[position]! < ONE_BYTE_VARINTS) return position + 1;
  if (bytes[position + 1]! < CONTINUES) return position + 2;
  if (bytes[position + 2]! < CONTINUES) return position + 3;
  if (bytes[position + 3]! < CONTINUES) return position + 4;
  return bytes[position + 4]! < CONTINUES ? position + 5 : 0;
}

/**
 * Reads a varint that is the number of bytes after it, 0 to 2^31 - 1, and returns it. The cursor moves to the first of these
 * bytes, all of which are before the limit.
 *
 * @throws {SpopError} SPOP_TRUNCATED when the varint or the bytes run past the limit; SPOP_VARINT_OVERFLOW.
 */
export function readLength(cursor: Cursor): number {
  const start = cursor.position;
  readVarint(cursor);
  const length = cursor.lo;
  if (cursor.hi !== 0 || length < 0 || length > cursor.limit - cursor.position) {
    throw cursor.truncated(start, 'a length that is above what is left of the frame');
  }
  return length;
}

function readLongVarint(cursor: Cursor): void {
  const { bytes, limit, position: start } = cursor;
  if (limit - start > 2) {
    // Two or three bytes hold every usual length and port (benchmark `decode realistic`).
    const second = bytes[start + 1]!;
    const third = bytes[start + 2]!;
    if (second < CONTINUES || third < CONTINUES) {
      cursor.lo = bytes[start]! + (second << 4) + (second < CONTINUES ? 0 : third << 11);
      cursor.hi = 0;
      cursor.position = start + (second < CONTINUES ? 2 : 3);
      return;
    }
  }
  // The first four continuation bytes add up to less than 2^31.
  let lo = 0;
  let hi = 0;
  let position = start;
  let shift = 0;
  let byte = ONE_BYTE_VARINTS;
  do {
    if (position >= limit) throw cursor.varintError();
    byte = bytes[position++]!;
    // The tenth byte, at shift 60, is the only one that can carry a value past 64 bits. hi is at most
    // 2 + 255 * (1 + 2^7 + 2^14 + 2^21) then, below 2^30; 2^32 = 16 * 2^28.
    if (position - start === MAX_VARINT_BYTES && (hi >>> 28) + byte >= 16) throw cursor.varintError();
    if (shift < 25) {
      lo += byte << shift;
    } else if (shift === 25) {
      const sum = (lo + (byte << 25)) | 0;
      // Unsigned comparison within int32: the sum wrapped if it is below `lo`.
      hi = (byte >>> 7) + ((sum ^ SIGN) < (lo ^ SIGN) ? 1 : 0);
      lo = sum;
    } else {
      hi = (hi + (byte << (shift - 32))) | 0;
    }
    shift += shift === 0 ? 4 : 7;
  } while (byte >= CONTINUES);
  cursor.lo = lo;
  cursor.hi = hi;
  cursor.position = position;
}

/** Bytes of the varint of `hi` * 2^32 + `lo` (both as signed halves): 1 to 10. */
export function varintSize(lo: number, hi: number): number {
  if (hi === 0 && lo >= 0) {
    if (lo < 240) return 1;
    if (lo < 2_288) return 2;
    if (lo < 264_432) return 3;
    if (lo < 33_818_864) return 4;
    return 5;
  }
  return writeVarint(sizing, 0, lo, hi);
}

const sizing: Buffer = /* @__PURE__ */ Buffer.alloc(MAX_VARINT_BYTES);

/**
 * Writes the value `hi` * 2^32 + `lo` (both as signed halves) at `position`, and returns the offset after it. The caller has
 * checked that ten bytes, or {@link varintSize} bytes, have room: a write past a buffer's end would be lost.
 */
export function writeVarint(bytes: Buffer, position: number, lo: number, hi: number): number {
  if (hi === 0 && lo >= 0) {
    return writeSmallVarint(bytes, position, lo);
  }
  bytes[position++] = lo | 0xf0;
  // (v - 240) >> 4
  if (lo >= 0 && lo < ONE_BYTE_VARINTS) hi = (hi - 1) | 0;
  lo = (lo - ONE_BYTE_VARINTS) | 0;
  lo = (lo >>> 4) | (hi << 28);
  hi >>>= 4;
  while (hi !== 0 || lo < 0 || lo >= CONTINUES) {
    bytes[position++] = lo | CONTINUES;
    // (v - 128) >> 7
    if (lo >= 0 && lo < CONTINUES) hi--;
    lo = (lo - CONTINUES) | 0;
    lo = (lo >>> 7) | (hi << 25);
    hi >>>= 7;
  }
  bytes[position++] = lo;
  return position;
}

/** {@link writeVarint} for 0 to 2^31 - 1: every length and nearly every value. */
export function writeSmallVarint(bytes: Buffer, position: number, value: number): number {
  if (value < ONE_BYTE_VARINTS) {
    bytes[position] = value;
    return position + 1;
  }
  bytes[position++] = value | 0xf0;
  value = (value - ONE_BYTE_VARINTS) >>> 4;
  while (value >= CONTINUES) {
    bytes[position++] = value | CONTINUES;
    value = (value - CONTINUES) >>> 7;
  }
  bytes[position++] = value;
  return position;
}
