import { SpopError } from '@spop/codec';
import { ipv4Bytes, ipv4Text, ipv6Bytes, ipv6Text } from './address.ts';
import { describe } from './describe.ts';
import { fromHex, toBytes, toText } from './text.ts';
import type {
  BinaryData,
  BoolData,
  Integer32Data,
  Integer64Data,
  Ipv4Data,
  Ipv6Data,
  NullData,
  RawData,
  StringData,
  TypedData,
  ValueInput,
} from './typed-data.ts';

function invalid(reason: string): SpopError {
  return new SpopError('SPOP_INVALID_VALUE', reason);
}

function integer(type: string, value: number | bigint, min: bigint, max: bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw invalid(`expected an integer for ${type}; found ${value}: pass a bigint beyond 2^53`);
  }
  const exact = BigInt(value);
  if (exact < min || exact > max) throw invalid(`expected ${min} to ${max} for ${type}; found ${exact}`);
  return exact;
}

/** The typed data NULL, which HAProxy sends for a sample without a value. */
export const nil: NullData = Object.freeze({ type: 'null' });

/** A BOOL. */
export function bool(value: boolean): BoolData {
  return { type: 'bool', value };
}

/**
 * An INT32, -2^31 to 2^31-1.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE out of range.
 */
export function int32(value: number | bigint): Integer32Data {
  return { type: 'int32', value: Number(integer('int32', value, -(2n ** 31n), 2n ** 31n - 1n)) };
}

/**
 * A UINT32, 0 to 2^32-1.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE out of range.
 */
export function uint32(value: number | bigint): Integer32Data {
  return { type: 'uint32', value: Number(integer('uint32', value, 0n, 2n ** 32n - 1n)) };
}

/**
 * An INT64, -2^63 to 2^63-1, as HAProxy sends every integer.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE out of range, or for a number beyond 2^53.
 */
export function int64(value: number | bigint): Integer64Data {
  return { type: 'int64', value: integer('int64', value, -(2n ** 63n), 2n ** 63n - 1n) };
}

/**
 * A UINT64, 0 to 2^64-1.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE out of range, or for a number beyond 2^53.
 */
export function uint64(value: number | bigint): Integer64Data {
  return { type: 'uint64', value: integer('uint64', value, 0n, 2n ** 64n - 1n) };
}

/**
 * An IPV4 from dotted decimal or four bytes.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for anything else.
 */
export function ipv4(address: string | Uint8Array): Ipv4Data {
  const bytes = typeof address === 'string' ? ipv4Bytes(address) : address;
  if (bytes?.length !== 4) throw invalid(`expected an IPv4 address or four bytes; found ${describe(address)}`);
  return { type: 'ipv4', value: ipv4Text(bytes) };
}

/**
 * An IPV6 from text or 16 bytes.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for anything else.
 */
export function ipv6(address: string | Uint8Array): Ipv6Data {
  const bytes = typeof address === 'string' ? ipv6Bytes(address) : address;
  if (bytes?.length !== 16) throw invalid(`expected an IPv6 address or 16 bytes; found ${describe(address)}`);
  return { type: 'ipv6', value: ipv6Text(bytes) };
}

/**
 * An IPV4 or IPV6, depending on the text or the number of bytes.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for any other text or bytes.
 */
export function address(value: string | Uint8Array): Ipv4Data | Ipv6Data {
  const isV6 = typeof value === 'string' ? value.includes(':') : value.length === 16;
  return isV6 ? ipv6(value) : ipv4(value);
}

/** A STRING from text or from any bytes. */
export function string(value: string | Uint8Array): StringData {
  return { type: 'string', value: toText(toBytes(value)) };
}

/** A BINARY from bytes or from text as UTF-8. The bytes are copied. */
export function binary(value: Uint8Array | string): BinaryData {
  return { type: 'binary', value: toBytes(value) };
}

/** Bytes, or hexadecimal digits, that are written unchanged instead of typed data. */
export function raw(value: Uint8Array | string): RawData {
  return { type: 'raw', value: typeof value === 'string' ? fromHex(value) : Uint8Array.from(value) };
}

/**
 * The same typed data with meaningless flags, 1 to 15 (even for BOOL, whose value is bit 1). They are legal, but HAProxy never
 * sends them.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE out of range.
 */
export function withFlags<T extends TypedData>(value: T, flags: number): T {
  if (!Number.isInteger(flags) || flags < 1 || flags > 15 || (value.type === 'bool' && flags % 2 === 1)) {
    throw invalid(`expected flags of 1 to 15 (for BOOL: even); found ${flags}`);
  }
  return { ...value, flags };
}

/**
 * The typed data for a plain value, as HAProxy encodes it: number and bigint INT64, boolean BOOL, string STRING, `Uint8Array`
 * BINARY, null NULL. Only the JavaScript type decides: `'10.0.0.1'` is a STRING, like a header with that text. For an address,
 * write `data.ipv4('10.0.0.1')`, or build with a message schema that declares one.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for an integer outside INT64, a fraction, or another type.
 */
export function infer(value: ValueInput): TypedData | RawData {
  if (value === null) return nil;
  if (typeof value === 'boolean') return bool(value);
  if (typeof value === 'number' || typeof value === 'bigint') return int64(value);
  if (typeof value === 'string') return string(value);
  if (value instanceof Uint8Array) return binary(value);
  if (typeof value === 'object' && typeof value.type === 'string') return exact(value);
  throw invalid(`expected a value that SPOP can carry; found ${describe(value)}`);
}

/** Checks typed data that was given as an object, by passing it through its own function. */
function exact(data: TypedData | RawData): TypedData | RawData {
  const checked = rebuild(data);
  return 'flags' in data && data.flags !== undefined && checked.type !== 'raw'
    ? withFlags(checked, data.flags)
    : checked;
}

function rebuild(data: TypedData | RawData): TypedData | RawData {
  switch (data.type) {
    case 'null':
      return nil;
    case 'bool':
      return bool(data.value);
    case 'int32':
      return int32(data.value);
    case 'uint32':
      return uint32(data.value);
    case 'int64':
      return int64(data.value);
    case 'uint64':
      return uint64(data.value);
    case 'ipv4':
      return ipv4(data.value);
    case 'ipv6':
      return ipv6(data.value);
    case 'string':
      return string(data.value);
    case 'binary':
      return binary(data.value);
    case 'raw':
      return raw(data.value);
    default:
      throw invalid(`expected typed data; found ${describe(data)}`);
  }
}
