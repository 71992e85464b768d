import { DataType } from './constants.ts';
import type { Cursor } from './cursor.ts';
import { SpopError } from './errors.ts';
import { MORE, ONE_BYTE_VARINTS, readLength, readVarint, truncated } from './varint.ts';

/*
 * TYPED-DATA    : <TYPE:4 bits><FLAGS:4 bits><DATA>        (SPOE.txt §3.1)
 *
 * On the wire the type is the low nibble and the flags are the high one, whatever the order in that line.
 */

/** The bits of a typed data's first byte that hold its {@link DataType}. */
export const TYPE_MASK = 0x0f;

/** The flag bit that makes a BOOL true. */
export const TRUE_FLAG = 0x10;

export const IPV4_BYTES = 4;
export const IPV6_BYTES = 16;

/**
 * Checks one typed data and moves behind it; nothing is decoded that finding its end does not need.
 *
 * @throws {SpopError} SPOP_TRUNCATED, SPOP_RESERVED_TYPE, SPOP_VARINT_OVERFLOW, or SPOP_INTEGER_RANGE for an INT32 or
 * UINT32 that does not fit 32 bits.
 */
export function skipTypedData(cursor: Cursor): void {
  const start = cursor.position;
  if (start >= cursor.limit) throw truncated(cursor, start, 'no typed data there');
  cursor.position = start + 1;
  switch (cursor.bytes[start]! & TYPE_MASK) {
    case DataType.String:
    case DataType.Binary: {
      const length = readLength(cursor);
      cursor.position += length;
      return;
    }
    case DataType.Int64:
    case DataType.Uint64:
      readVarint(cursor);
      return;
    case DataType.Ipv4:
      skipBytes(cursor, IPV4_BYTES);
      return;
    case DataType.Null:
    case DataType.Bool:
      return;
    case DataType.Ipv6:
      skipBytes(cursor, IPV6_BYTES);
      return;
    case DataType.Int32:
      readVarint(cursor);
      if (cursor.hi !== cursor.lo >> 31) throw outOfRange(cursor, start, 'INT32');
      return;
    case DataType.Uint32:
      readVarint(cursor);
      if (cursor.hi !== 0) throw outOfRange(cursor, start, 'UINT32');
      return;
    default:
      throw reservedType(cursor, start);
  }
}

/**
 * The offset behind the typed data at `position`, checked as {@link skipTypedData} checks it. What HAProxy usually sends
 * (integers of up to three bytes, strings up to 264,431 bytes, addresses) is passed without moving the cursor: benchmark
 * `decode realistic` pays for that.
 */
export function typedDataEnd(cursor: Cursor, bytes: Buffer, position: number, limit: number): number {
  // Three bytes more than the type: whoever stands nearer to the limit goes the longer way.
  if (limit - position > 3) {
    const first = bytes[position + 1]!;
    switch (bytes[position]! & TYPE_MASK) {
      case DataType.String:
      case DataType.Binary: {
        const end = stringEnd(bytes, position + 1, first);
        if (end <= limit) return end;
        break;
      }
      case DataType.Int64:
        if (first < ONE_BYTE_VARINTS) return position + 2;
        if (bytes[position + 2]! < MORE) return position + 3;
        if (bytes[position + 3]! < MORE) return position + 4;
        break;
      case DataType.Ipv4:
        if (limit - position > IPV4_BYTES) return position + 1 + IPV4_BYTES;
        break;
      case DataType.Bool:
      case DataType.Null:
        return position + 1;
      default:
    }
  }
  cursor.moveTo(bytes, position, limit, cursor.origin);
  skipTypedData(cursor);
  return cursor.position;
}

/** Behind every limit, as an integer. */
const NOWHERE = 0x7fff_ffff;

/** The offset behind a string whose length is a varint of up to three bytes at `position`; past any limit otherwise. */
function stringEnd(bytes: Buffer, position: number, first: number): number {
  if (first < ONE_BYTE_VARINTS) return position + 1 + first;
  const second = bytes[position + 1]!;
  if (second < MORE) return position + 2 + first + (second << 4);
  const third = bytes[position + 2]!;
  return third < MORE ? position + 3 + first + (second << 4) + (third << 11) : NOWHERE;
}

function skipBytes(cursor: Cursor, length: number): void {
  const start = cursor.position;
  if (length > cursor.limit - start) throw truncated(cursor, start, `an address of ${length} bytes`);
  cursor.position = start + length;
}

function outOfRange(cursor: Cursor, start: number, name: string): SpopError {
  return new SpopError(
    'SPOP_INTEGER_RANGE',
    `expected an ${name} of 32 bits (negative ones sign-extended to 64); found a varint that does not fit it`,
    start - cursor.origin,
  );
}

function reservedType(cursor: Cursor, start: number): SpopError {
  const type = cursor.bytes[start]! & TYPE_MASK;
  return new SpopError(
    'SPOP_RESERVED_TYPE',
    `expected one of the data types 0 to 9; found the reserved type ${type}`,
    start - cursor.origin,
  );
}

/** Every data type, by its number on the wire. */
export const DATA_TYPES: readonly DataType[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

const TYPE_NAMES: readonly string[] = [
  'NULL',
  'BOOL',
  'INT32',
  'UINT32',
  'INT64',
  'UINT64',
  'IPV4',
  'IPV6',
  'STRING',
  'BINARY',
];

/** The specification's name of a data type, for messages: `'INT64'`; `'reserved type 12'` for 10 to 15. */
export function dataTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `reserved type ${type}`;
}
