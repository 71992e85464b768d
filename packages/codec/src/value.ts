import { readAddressText, toIpv4Text, toIpv6Text } from './address.ts';
import { DataType } from './constants.ts';
import { Cursor } from './cursor.ts';
import { SpopError } from './errors.ts';
import { bytesEqual, textEquals } from './text.ts';
import { DATA_TYPES, dataTypeName, IPV4_BYTES, IPV6_BYTES, TRUE_FLAG, TYPE_MASK } from './typed-data.ts';
import { ONE_BYTE_VARINTS, readVarint } from './varint.ts';
import { NO_GENERATION, type ViewSource, viewClosed } from './view-source.ts';

/** What every value view can do. */
export interface AnyValue {
  /** The data type on the wire. */
  readonly type: DataType;
  /** The value as text, whatever its type; see {@link Value.toString}. */
  toString(): string;
}

/** An integer of any of the four wire types, all 64 bits of it. */
export interface IntegerValue extends AnyValue {
  /** Low 32 bits as a signed integer. */
  readonly lo: number;
  /** High 32 bits as a signed integer. */
  readonly hi: number;
  /** @throws {SpopError} SPOP_UNSAFE_INTEGER outside ±(2^53 - 1). */
  toNumber(): number;
  toBigInt(): bigint;
}

/** Bytes of any length. */
export interface BinaryValue extends AnyValue {
  /** Length in bytes. */
  readonly byteLength: number;
  /** The byte at `index`, 0 to 255; -1 outside of the value. */
  byteAt(index: number): number;
  /** Whether the bytes are exactly those of `other`: of text, its UTF-8 form. */
  equals(other: string | Uint8Array): boolean;
  /** Copies as many bytes as fit to `target` at `offset` (0 by default) and returns how many. */
  copyTo(target: Uint8Array, offset?: number): number;
  /** A copy that is the caller's to keep. */
  toBytes(): Buffer;
}

/** Text; HAProxy does not check that it is UTF-8. */
export interface StringValue extends BinaryValue {
  /** Whether the bytes begin with those of `text`. */
  startsWith(text: string): boolean;
}

/** An IPv4 or IPv6 address. `toString()` gives RFC 5952 text. */
export interface AddressValue extends BinaryValue {
  readonly family: 4 | 6;
  /** The 32 bits of group `index` as a signed integer: 0 for IPv4, 0 to 3 for IPv6. */
  wordAt(index: number): number;
  /** IPv4: 0 to 2^32 - 1. @throws {SpopError} SPOP_WRONG_TYPE for IPv6. */
  toNumber(): number;
  /** IPv4: 32 bits, IPv6: 128 bits, unsigned. */
  toBigInt(): bigint;
}

const decoding = new Cursor();
const parsedAddress: Buffer = Buffer.alloc(IPV6_BYTES);

/**
 * A lazy view of one typed data (SPOE.txt §3.1): it knows where the value stands and decodes what is asked for, each
 * time it is asked. It reads the frame's own bytes and is valid as long as the frame; later use throws
 * SPOP_VIEW_CLOSED. Only what is named `to…` allocates.
 *
 * Reading a value as what it is not throws SPOP_WRONG_TYPE.
 */
export class Value implements IntegerValue, StringValue {
  readonly #source: ViewSource;
  /** Offset of the typed data's first byte from the frame's length field. All of it was validated before. */
  #at: number = 0;
  #generation: number = NO_GENERATION;
  /** Where the bytes begin that were looked for last, and how many there are. */
  #start: number = 0;
  #length: number = 0;

  constructor(source: ViewSource) {
    this.#source = source;
  }

  /** @internal */
  placeAt(at: number): this {
    this.#at = at;
    this.#generation = this.#source.generation;
    return this;
  }

  /** @internal From now on the view is late. */
  placeNowhere(): void {
    this.#generation = NO_GENERATION;
  }

  /** @internal Offset of the typed data's first byte from the frame's length field, for errors. */
  get offset(): number {
    return this.#at;
  }

  get type(): DataType {
    return DATA_TYPES[this.#firstByte() & TYPE_MASK]!;
  }

  get isNull(): boolean {
    return this.type === DataType.Null;
  }

  /** The value of a BOOL. */
  get boolean(): boolean {
    const first = this.#firstByte();
    if ((first & TYPE_MASK) !== DataType.Bool) throw this.#wrongType('BOOL');
    return (first & TRUE_FLAG) !== 0;
  }

  get lo(): number {
    return this.#readInteger().lo;
  }

  get hi(): number {
    return this.#readInteger().hi;
  }

  get family(): 4 | 6 {
    const type = this.type;
    if (type === DataType.Ipv4) return 4;
    if (type === DataType.Ipv6) return 6;
    throw this.#wrongType('IPV4 or IPV6');
  }

  get byteLength(): number {
    this.#findBytes();
    return this.#length;
  }

  byteAt(index: number): number {
    const bytes = this.#findBytes();
    return index >= 0 && index < this.#length ? (bytes[this.#start + index] ?? -1) : -1;
  }

  wordAt(index: number): number {
    const bytes = this.#findBytes();
    const words = this.family === 4 ? 1 : 4;
    if (!(index >= 0 && index < words && Number.isInteger(index))) {
      throw new RangeError(`expected a group from 0 to ${words - 1}; found ${index}`);
    }
    // Buffer's own readers and comparers put objects on the heap where they are not inlined.
    const at = this.#start + index * 4;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  equals(other: string | Uint8Array): boolean {
    const bytes = this.#findBytes();
    if (typeof other !== 'string') return bytesEqual(bytes, this.#start, this.#length, other);
    const type = this.#firstByte() & TYPE_MASK;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      return (
        readAddressText(other, parsedAddress, 0) === this.#length && isParsedAddress(bytes, this.#start, this.#length)
      );
    }
    return textEquals(bytes, this.#start, this.#length, other) === this.#length;
  }

  startsWith(text: string): boolean {
    const bytes = this.#findBytes();
    return textEquals(bytes, this.#start, this.#length, text) >= 0;
  }

  copyTo(target: Uint8Array, offset: number = 0): number {
    const bytes = this.#findBytes();
    return bytes.copy(target, offset, this.#start, this.#start + this.#length);
  }

  /** @internal The integer if it fits 32 bits, which spares a double that V8 would box; else undefined. */
  toInt32(): number | undefined {
    const { lo, hi } = this.#readInteger();
    if (hi === 0 && lo >= 0) return lo;
    return hi === -1 && lo < 0 && (this.#firstByte() & TYPE_MASK) !== DataType.Uint64 ? lo : undefined;
  }

  /** @internal The integer as the nearest double. */
  toDouble(): number {
    const { lo, hi } = this.#readInteger();
    const isUnsigned = this.type === DataType.Uint64;
    return (isUnsigned ? hi >>> 0 : hi) * 4_294_967_296 + (lo >>> 0);
  }

  toNumber(): number {
    if (this.type === DataType.Ipv4) return this.wordAt(0) >>> 0;
    const small = this.toInt32();
    if (small !== undefined) return small;
    const value = this.toDouble();
    if (!Number.isSafeInteger(value)) throw this.#unsafe();
    return value;
  }

  toBigInt(): bigint {
    const type = this.type;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      const bytes = this.#findBytes();
      return BigInt(`0x${bytes.toString('hex', this.#start, this.#start + this.#length)}`);
    }
    const { lo, hi } = this.#readInteger();
    const value = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    return type === DataType.Uint64 ? BigInt.asUintN(64, value) : value;
  }

  /** STRING and BINARY: the bytes read as UTF-8, wrong ones as U+FFFD. Addresses, integers, booleans: as one writes them. NULL: `''`. */
  toString(): string {
    switch (this.type) {
      case DataType.Null:
        return '';
      case DataType.Bool:
        return this.boolean ? 'true' : 'false';
      case DataType.Ipv4:
        return toIpv4Text(this.#source.bytes, this.#source.origin + this.#at + 1);
      case DataType.Ipv6:
        return toIpv6Text(this.#source.bytes, this.#source.origin + this.#at + 1);
      case DataType.String:
      case DataType.Binary: {
        const bytes = this.#findBytes();
        return bytes.toString('utf8', this.#start, this.#start + this.#length);
      }
      default:
        return this.toBigInt().toString();
    }
  }

  toBytes(): Buffer {
    const bytes = this.#findBytes();
    return Buffer.from(bytes.subarray(this.#start, this.#start + this.#length));
  }

  /** The byte with the type and the flags. */
  #firstByte(): number {
    const source = this.#source;
    if (source.generation !== this.#generation) throw viewClosed();
    return source.bytes[source.origin + this.#at]!;
  }

  /** Finds the bytes of a STRING, BINARY or address: `#length` of them, from `#start` of what is returned. */
  #findBytes(): Buffer {
    const source = this.#source;
    if (source.generation !== this.#generation) throw viewClosed();
    const { bytes } = source;
    const start = source.origin + this.#at + 1;
    const type = bytes[start - 1]! & TYPE_MASK;
    if (type === DataType.String || type === DataType.Binary) {
      this.#readLength(bytes, start);
      return bytes;
    }
    if (type !== DataType.Ipv4 && type !== DataType.Ipv6) throw this.#wrongType('STRING, BINARY, IPV4 or IPV6');
    this.#start = start;
    this.#length = type === DataType.Ipv4 ? IPV4_BYTES : IPV6_BYTES;
    return bytes;
  }

  #readLength(bytes: Buffer, position: number): void {
    const first = bytes[position]!;
    if (first < ONE_BYTE_VARINTS) {
      this.#start = position + 1;
      this.#length = first;
      return;
    }
    decoding.moveTo(bytes, position, this.#source.limit, this.#source.origin);
    readVarint(decoding);
    this.#start = decoding.position;
    this.#length = decoding.lo;
  }

  /** The halves of an integer, in the returned cursor's `lo` and `hi`. */
  #readInteger(): Cursor {
    const type = this.#firstByte() & TYPE_MASK;
    if (type < DataType.Int32 || type > DataType.Uint64) throw this.#wrongType('INT32, UINT32, INT64 or UINT64');
    const { bytes, limit, origin } = this.#source;
    decoding.moveTo(bytes, origin + this.#at + 1, limit, origin);
    readVarint(decoding);
    return decoding;
  }

  #wrongType(expected: string): SpopError {
    return new SpopError(
      'SPOP_WRONG_TYPE',
      `expected a value of type ${expected}; found ${dataTypeName(this.type)}`,
      this.#at,
    );
  }

  #unsafe(): SpopError {
    return new SpopError(
      'SPOP_UNSAFE_INTEGER',
      `expected an integer within ±(2^53 - 1); found ${this.toBigInt()}: read it with toBigInt()`,
      this.#at,
    );
  }
}

/** Whether the address that was parsed last is the `length` bytes at `start`. */
function isParsedAddress(bytes: Buffer, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== parsedAddress[i]) return false;
  }
  return true;
}
