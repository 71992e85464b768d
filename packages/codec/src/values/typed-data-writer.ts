import { DataType, MAX_VARINT_BYTES } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { escapeText, quoteText } from '../quote.ts';
import { parseAddress } from '../wire/address.ts';
import { IPV4_BYTES, IPV6_BYTES, TRUE_FLAG } from '../wire/typed-data.ts';
import { varintSize, writeSmallVarint, writeVarint } from '../wire/varint.ts';
import type { ValueKind } from './value-type.ts';
import type { AddressValue } from './value-views.ts';
import { ValueView } from './value.ts';

/*
 * Each function writes at `position`, never at or after `limit`, and returns the offset after the bytes that it wrote. The bytes
 * count once the caller adopts that offset, so that a value that throws half-way leaves no trace. The limit is checked before
 * each write: one past a typed array's end would be lost silently.
 */

/** Up to this many bytes a loop copies faster than `set` does with its checks (benchmark `ack two set-vars`). */
const LOOP_COPY_BYTES = 14;
/** Up to this many bytes a loop copies faster than `copy` (benchmark `tiny async in process`). */
const LOOP_RANGE_BYTES = 48;
/** Up to this many characters a loop writes faster than Node's UTF-8 writer (benchmark `ack two set-vars`). */
const LOOP_TEXT_LENGTH = 24;
/** Longer texts are measured before they are written, since three bytes for each of their characters would be too much memory. */
const MEASURED_TEXT_LENGTH = 1_024;
/** UTF-8 takes at most three bytes for a UTF-16 unit: 79 units take at most 237 bytes, whose length is a one-byte varint. */
const SHORT_TEXT_LENGTH = 79;

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `ack two set-vars`).
const { Bool, Int32, Uint32, Int64, Uint64, Ipv4, Ipv6 } = DataType;
const STRING = DataType.String;

/** The most bytes of a type and a length. */
const MAX_PREFIX_BYTES = 1 + MAX_VARINT_BYTES;
/** The most bytes of an IPv6 address or any integer, with its type. */
const MAX_FIXED_BYTES = 1 + IPV6_BYTES;

/** The bit that tells UINT32 and UINT64 from INT32 and INT64. */
const UNSIGNED = 1;

const MIN_INT32 = -0x8000_0000;
const MAX_INT32 = 0x7fff_ffff;
const MAX_UINT32 = 0xffff_ffff;
// Copied once: unoptimised code boxes `MIN_SAFE_INTEGER` at every read.
const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;

const lengthProperty: unknown = Reflect.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  'byteLength',
);
const lengthGetter: unknown = Reflect.get(lengthProperty as object, 'get');
/** The length of an array in bytes, even if a class derived from Uint8Array overrides `byteLength`. */
const trueLength: (bytes: Uint8Array) => number = Function.prototype.call.bind(lengthGetter as () => number);

const bigHalf: BigInt64Array = new BigInt64Array(1);
const [LOW, HIGH] = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
const bigHalves: Int32Array = new Int32Array(bigHalf.buffer);
const parsedAddress: Buffer = Buffer.alloc(IPV6_BYTES);

/**
 * Writes one typed data (SPOE.txt §3.1).
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for a value that the kind cannot hold, SPOP_FRAME_FULL.
 */
export function writeTypedData(
  bytes: Buffer,
  position: number,
  limit: number,
  kind: ValueKind,
  value: unknown,
): number {
  switch (kind) {
    case 'int64':
      return write64(bytes, position, limit, Int64, value);
    case 'int32':
      return writeInteger(bytes, position, limit, Int32, value, MIN_INT32, MAX_INT32);
    case 'string':
    case 'interned':
      return writeBytes(bytes, position, limit, STRING, value);
    case 'bool':
      return writeBool(bytes, position, limit, value);
    case 'integer':
      return writeInteger(bytes, position, limit, Int64, value, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER);
    case 'uint32':
      return writeInteger(bytes, position, limit, Uint32, value, 0, MAX_UINT32);
    case 'uint64':
      return write64(bytes, position, limit, Uint64, value);
    case 'ipv4':
      return writeAddress(bytes, position, limit, value, IPV4_BYTES);
    case 'ipv6':
      return writeAddress(bytes, position, limit, value, IPV6_BYTES);
    case 'address':
      return writeAddress(bytes, position, limit, value, 0);
    default:
      return writeBytes(bytes, position, limit, DataType.Binary, value);
  }
}

/** The most bytes that a value of any kind may take. */
export function mostBytes(value: unknown): number {
  if (typeof value === 'string') {
    return MAX_PREFIX_BYTES + (value.length > MEASURED_TEXT_LENGTH ? Buffer.byteLength(value) : 3 * value.length);
  }
  if (value instanceof Uint8Array) return MAX_PREFIX_BYTES + trueLength(value);
  return value instanceof ValueView && isBytesType(value.type) ? MAX_PREFIX_BYTES + value.byteLength : MAX_FIXED_BYTES;
}

/** Writes NULL. */
export function writeNull(bytes: Buffer, position: number, limit: number): number {
  if (position >= limit) throw frameFull(position, limit, 1);
  bytes[position] = DataType.Null;
  return position + 1;
}

/** Writes text after its length, without a type byte: the form of names (SPOE.txt §3.2, KV-NAME). */
export function writeText(bytes: Buffer, position: number, limit: number, text: string): number {
  const length = text.length;
  if (length > LOOP_TEXT_LENGTH) return writeLongText(bytes, position, limit, text);
  if (length >= limit - position) throw frameFull(position, limit, length + 1);
  const start = position + 1;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return writeLongText(bytes, position, limit, text);
    bytes[start + i] = code;
  }
  bytes[position] = length;
  return start + length;
}

function writeLongText(bytes: Buffer, position: number, limit: number, text: string): number {
  if (text.length <= SHORT_TEXT_LENGTH && limit - position > text.length * 3) {
    const written = bytes.write(text, position + 1, 'utf8');
    bytes[position] = written;
    return position + 1 + written;
  }
  const length = Buffer.byteLength(text, 'utf8');
  const size = varintSize(length, 0) + length;
  if (size > limit - position) throw frameFull(position, limit, size);
  const start = writeSmallVarint(bytes, position, length);
  bytes.write(text, start, length, 'utf8');
  return start + length;
}

function writeBool(bytes: Buffer, position: number, limit: number, value: unknown): number {
  if (typeof value !== 'boolean') throw invalidValue('a boolean', value);
  if (position >= limit) throw frameFull(position, limit, 1);
  bytes[position] = value ? Bool | TRUE_FLAG : Bool;
  return position + 1;
}

function writeInteger(
  bytes: Buffer,
  position: number,
  limit: number,
  type: DataType,
  value: unknown,
  min: number,
  max: number,
): number {
  // Every type holds 32 bits, so a 32-bit integer needs no check of its bounds, which would compare doubles.
  if (typeof value === 'number' && value === (value | 0) && (value >= 0 || (type & UNSIGNED) === 0)) {
    return writeHalves(bytes, position, limit, type, value | 0, value >> 31);
  }
  if (typeof value !== 'number' || !(value >= min && value <= max) || !Number.isInteger(value)) {
    throw invalidValue(`an integer from ${min} to ${max}`, value);
  }
  return writeHalves(bytes, position, limit, type, value | 0, Math.floor(value / 4_294_967_296) | 0);
}

function write64(bytes: Buffer, position: number, limit: number, type: DataType, value: unknown): number {
  const isUnsigned = type === Uint64;
  if (typeof value !== 'bigint') {
    const min = isUnsigned ? 0 : MIN_SAFE_INTEGER;
    return writeInteger(bytes, position, limit, type, value, min, MAX_SAFE_INTEGER);
  }
  const isNegative = value < 0n;
  // Storing a bigint in `bigHalf` wraps it to 64 bits without allocating; check the range before.
  if (isUnsigned ? isNegative || value > MAX_UINT64 : value > MAX_INT64 || value < MIN_INT64) {
    throw invalidValue(isUnsigned ? 'a bigint from 0 to 2^64 - 1' : 'a bigint from -2^63 to 2^63 - 1', value);
  }
  bigHalf[0] = value;
  return writeHalves(bytes, position, limit, type, bigHalves[LOW]!, bigHalves[HIGH]!);
}

const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

function writeHalves(bytes: Buffer, position: number, limit: number, type: DataType, lo: number, hi: number): number {
  if (limit - position <= MAX_VARINT_BYTES) {
    const size = 1 + varintSize(lo, hi);
    if (size > limit - position) throw frameFull(position, limit, size);
  }
  bytes[position] = type;
  return writeVarint(bytes, position + 1, lo, hi);
}

/** Writes a STRING or BINARY from text, bytes, or a view of another value. */
function writeBytes(bytes: Buffer, position: number, limit: number, type: DataType, value: unknown): number {
  if (position >= limit) throw frameFull(position, limit, 1);
  bytes[position] = type;
  if (typeof value === 'string') return writeText(bytes, position + 1, limit, value);
  if (!(value instanceof Uint8Array || isValueOf(value, DataType.String, DataType.Binary))) {
    throw invalidValue('text, a Uint8Array or a view of a STRING or BINARY', value);
  }
  const length = value instanceof ValueView ? value.byteLength : trueLength(value);
  const size = varintSize(length, 0) + length;
  if (size > limit - position - 1) throw frameFull(position, limit, size + 1);
  return copyInto(bytes, writeSmallVarint(bytes, position + 1, length), value, length);
}

/** Writes an address of `size` bytes; of either size when `size` is 0. */
function writeAddress(bytes: Buffer, position: number, limit: number, value: unknown, size: number): number {
  let length = 0;
  let from: Uint8Array | ValueView = parsedAddress;
  if (typeof value === 'string') {
    length = parseAddress(value, parsedAddress, 0);
  } else if (value instanceof Uint8Array) {
    from = value;
    length = trueLength(value);
  } else if (isValueOf(value, Ipv4, Ipv6)) {
    from = value;
    length = value.byteLength;
  } else if (isAddressView(value)) {
    value.copyTo(parsedAddress);
    length = value.family === 4 ? IPV4_BYTES : IPV6_BYTES;
  }
  if ((length !== IPV4_BYTES && length !== IPV6_BYTES) || (size !== 0 && length !== size)) {
    const family = size === IPV4_BYTES ? 'an IPv4' : size === IPV6_BYTES ? 'an IPv6' : 'an IPv4 or IPv6';
    throw invalidValue(`${family} address as text, as bytes or as a view`, value);
  }
  if (limit - position <= length) throw frameFull(position, limit, length + 1);
  bytes[position] = length === IPV4_BYTES ? Ipv4 : Ipv6;
  return copyInto(bytes, position + 1, from, length);
}

function isBytesType(type: DataType): boolean {
  return type === STRING || type === DataType.Binary || type === Ipv4 || type === Ipv6;
}

/** Whether it is a view of an address, but not a {@link ValueView} of this copy of the package: one that was read from text. */
function isAddressView(value: unknown): value is AddressValue {
  if (typeof value !== 'object' || value === null || value instanceof ValueView) return false;
  return 'family' in value && (value.family === 4 || value.family === 6) && 'copyTo' in value;
}

function isValueOf(value: unknown, one: DataType, other: DataType): value is ValueView {
  return value instanceof ValueView && (value.type === one || value.type === other);
}

function copyInto(bytes: Buffer, position: number, from: Uint8Array | ValueView, length: number): number {
  if (from instanceof ValueView) from.copyTo(bytes, position);
  else if (from === parsedAddress) parsedAddress.copy(bytes, position, 0, length);
  else bytes.set(from, position);
  return position + length;
}

/** Copies the bytes from `start` to `end` to `position` of `target`. The caller has checked the room. */
export function copyRange(from: Buffer, start: number, end: number, target: Buffer, position: number): void {
  if (end - start > LOOP_RANGE_BYTES) {
    from.copy(target, position, start, end);
  } else {
    for (let i = start; i < end; i++) target[position++] = from[i]!;
  }
}

/** Copies all of `from` to `position`, and returns the offset after it. The caller has checked the room. */
export function copyBytes(bytes: Buffer, position: number, from: Buffer): number {
  const length = from.length;
  if (length > LOOP_COPY_BYTES) {
    bytes.set(from, position);
  } else {
    for (let i = 0; i < length; i++) bytes[position + i] = from[i]!;
  }
  return position + length;
}

/** The error of `size` bytes at `position` that reach past `limit`. */
export function frameFull(position: number, limit: number, size: number): SpopError {
  return new SpopError(
    'SPOP_FRAME_FULL',
    `expected at most ${Math.max(limit - position, 0)} more bytes, all that is left under the frame's limit; ` +
      `found a value of ${size}. Nothing of it was written. What bounds an ACK: docs/guides/limits.md`,
  );
}

function invalidValue(expected: string, value: unknown): SpopError {
  return new SpopError('SPOP_INVALID_VALUE', `expected ${expected}; found ${typeof value} ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value instanceof ValueView) return quoteText(value.toString());
  switch (typeof value) {
    case 'string':
      return quoteText(value);
    case 'object':
    case 'function':
      // An object may have no `toString`.
      return escapeText(Object.prototype.toString.call(value));
    default:
      return escapeText(String(value));
  }
}
