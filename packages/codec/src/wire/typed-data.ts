import { DataType } from '../constants.ts';
import { SpopError } from '../errors.ts';
import type { Cursor } from './cursor.ts';
import { readLength, readVarint } from './varint.ts';

/*
 * TYPED-DATA    : <TYPE:4 bits><FLAGS:4 bits><DATA>        (SPOE.txt §3.1)
 *
 * On the wire the type is the low nibble and the flags are the high one, in spite of the order in that line.
 */

/** The bits of a typed data's first byte that hold its {@link DataType}. */
export const TYPE_MASK = 0x0f;

/** The flag bit that makes a BOOL true. */
export const TRUE_FLAG = 0x10;

export const IPV4_BYTES = 4;
export const IPV6_BYTES = 16;

/** Instead of a size: a varint before the value is its size; or the value is itself a varint. */
export const SIZE_FIRST = -1;
export const SIZE_OF_VARINT = -2;
/** After every limit, and small enough that adding an offset stays below 2^31. */
const NO_SIZE = 0x3fff_ffff;

/** The size of a value of each data type after its type byte, or how to find it; a reserved type exceeds every limit. */
export const DATA_SIZES: Int32Array = new Int32Array(TYPE_MASK + 1).fill(NO_SIZE);
DATA_SIZES.set([0, 0, SIZE_OF_VARINT, SIZE_OF_VARINT, SIZE_OF_VARINT, SIZE_OF_VARINT, 4, 16, SIZE_FIRST, SIZE_FIRST]);

/**
 * Checks one typed data and moves to the offset after it; decodes only what finding its end needs.
 *
 * @throws {SpopError} SPOP_TRUNCATED, SPOP_RESERVED_TYPE, SPOP_VARINT_OVERFLOW, or SPOP_INTEGER_RANGE for an INT32 or
 * UINT32 that does not fit 32 bits.
 */
export function skipTypedData(cursor: Cursor): void {
  const start = cursor.position;
  if (start >= cursor.limit) throw cursor.truncated(start, 'no typed data there');
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

function skipBytes(cursor: Cursor, length: number): void {
  const start = cursor.position;
  if (length > cursor.limit - start) throw cursor.truncated(start, `an address of ${length} bytes`);
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

/** The specification's name of a data type, for error texts: `'INT64'`; `'reserved type 12'` for 10 to 15. */
export function dataTypeName(type: number): string {
  return TYPE_NAMES[type] ?? `reserved type ${type}`;
}
