import { parseAddress, toIpv4Text, toIpv6Text } from './address.ts';
import { DataType } from './constants.ts';
import { Cursor } from './cursor.ts';
import { SpopError } from './errors.ts';
import type { TextCache } from './text-cache.ts';
import { definePrintable } from './printable.ts';
import { bytesEqual, utf8PrefixLength } from './utf8.ts';
import {
  DATA_SIZES as DATA_SIZES_,
  DATA_TYPES,
  dataTypeName,
  IPV6_BYTES,
  SIZE_FIRST as SIZE_FIRST_,
  skipTypedData,
  TRUE_FLAG as TRUE_FLAG_,
  TYPE_MASK as TYPE_MASK_,
} from './typed-data.ts';
import { readVarint, varintSize } from './varint.ts';
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

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode realistic`).
const TYPE_MASK = TYPE_MASK_;
const TRUE_FLAG = TRUE_FLAG_;
const DATA_SIZES = DATA_SIZES_;
const SIZE_FIRST = SIZE_FIRST_;
const { Ipv4, Ipv6 } = DataType;

const decoding = new Cursor();
const parsedAddress: Buffer = Buffer.alloc(IPV6_BYTES);

/** An integer of up to so many bytes is known once its end is. */
const SMALL_INTEGER_BYTES = 3;
/** What {@link Value.place} takes as the length of what has no bytes of its own. */
export const NO_LENGTH = -1;
/** What a small integer is subtracted from to stand in the place of a length. */
export const SMALL_INTEGER_BASE = -2;

/**
 * A lazy view of one typed data (SPOE.txt §3.1): it knows where the value stands and decodes what is asked for, each
 * time it is asked. It reads the frame's own bytes and is valid as long as the frame; later use throws
 * SPOP_VIEW_CLOSED. Only what is named `to…` allocates.
 *
 * Reading a value as what it is not throws SPOP_WRONG_TYPE.
 */
export class Value implements IntegerValue, StringValue {
  // Private to the compiler only: a name with # takes more code at each use, of which V8 inlines so much and no more.
  declare private readonly _source: ViewSource;
  /** The byte with the type and the flags. */
  private _first: number = 0;
  /** Where the value's own bytes begin, behind its type and length, from the frame's length field. */
  private _start: number = 0;
  /**
   * Of a STRING, BINARY or address its length in bytes. Below zero, where there is no length: -2 less the value of an
   * integer of up to three bytes, or -1.
   */
  private _lengthOrSmall: number = NO_LENGTH;
  /** The generation of the source in which a value was found; its complement where that was refused. */
  private _foundIn: number = NO_GENERATION;
  /** The generation in which the view was given to whoever holds it. */
  private _lentIn: number = NO_GENERATION;
  private readonly _absent: () => undefined;

  /** @param absent Says that there is no value, where that is an error. */
  constructor(source: ViewSource, absent: () => undefined = nothing) {
    this._source = source;
    this._absent = absent;
  }

  /**
   * @internal Checks the typed data at `position` of `bytes`, which are the source's, stands on it, and returns the
   * offset behind it.
   *
   * @throws {SpopError} as {@link skipTypedData}; the value stands where it stood.
   */
  read(cursor: Cursor, bytes: Buffer, position: number, limit: number): number {
    const { origin } = cursor;
    cursor.moveTo(bytes, position, limit, origin);
    skipTypedData(cursor);
    const end = cursor.position;
    const first = bytes[position]!;
    const size = DATA_SIZES[first & TYPE_MASK]!;
    let start = position + 1;
    let length = size > 0 ? size : NO_LENGTH;
    // The halves of a longer integer are read where they are asked for.
    if (size === SIZE_FIRST || (size < 0 && end - start <= SMALL_INTEGER_BYTES)) {
      cursor.moveTo(bytes, start, limit, origin);
      readVarint(cursor);
      if (size === SIZE_FIRST) {
        start = cursor.position;
        length = cursor.lo;
      } else {
        length = SMALL_INTEGER_BASE - cursor.lo;
      }
    }
    this.place(first, start - origin, length, this._source.generation);
    return end;
  }

  /**
   * @internal Stands on a typed data that was checked.
   *
   * @param first Its first byte.
   * @param start Where its own bytes begin, from the frame's length field.
   * @param length Of a STRING, BINARY or address its length in bytes; of an integer of up to three bytes -2 less its
   * value; else -1.
   * @param generation The source's.
   */
  place(first: number, start: number, length: number, generation: number): void {
    this._first = first;
    this._start = start;
    this._lengthOrSmall = length;
    this._foundIn = generation;
  }

  /** @internal Whether a value was found in the frame that the source stands on, and not refused. */
  get isFound(): boolean {
    return this._foundIn === this._source.generation;
  }

  /** @internal Lets the holder read the value that was found. */
  lend(): this {
    this._lentIn = this._foundIn;
    return this;
  }

  /*
   * The next few and `byteLength` do without other functions: V8 inlines up to so many bytes of code, and a handler reads
   * value after value (benchmark `decode realistic`).
   */

  /** @internal The view, where a value was found. */
  lendIfFound(): this | undefined {
    const { generation } = this._source;
    if (this._foundIn !== generation) return this._absent();
    this._lentIn = generation;
    return this;
  }

  /** @internal The BOOL, where one was found. */
  booleanIfFound(): boolean | undefined {
    if (this._foundIn !== this._source.generation) return this._absent();
    return (this._first & TRUE_FLAG) !== 0;
  }

  /** @internal Notes that the value that was found is of a type that nobody asked for. */
  reject(): void {
    this._foundIn = ~this._foundIn;
  }

  /** @internal Whether a value was found or refused in the frame that the source stands on. */
  get isPresent(): boolean {
    return this.isPresentIn(this._source.generation);
  }

  /** @internal The same of that generation, for those who know the source's. */
  isPresentIn(generation: number): boolean {
    const difference = this._foundIn ^ generation;
    return difference === 0 || difference === -1;
  }

  /** @internal The type of the value that was found. */
  get foundType(): number {
    return this._first & TYPE_MASK;
  }

  /** @internal The integer that was found, where it has up to three bytes on the wire; else -1. */
  get foundSmallInteger(): number {
    const integer = SMALL_INTEGER_BASE - this._lengthOrSmall;
    return integer < 0 ? -1 : integer;
  }

  /** @internal The STRING that was found as text from `cache`. */
  toCachedText(cache: TextCache): string {
    const { bytes, origin } = this._source;
    return cache.toText(bytes, origin + this._start, this._lengthOrSmall);
  }

  /** @internal From now on the view is late. */
  recall(): void {
    this._foundIn = NO_GENERATION;
    this._lentIn = NO_GENERATION;
  }

  /** @internal Offset of the typed data's first byte from the frame's length field, for errors. */
  get offset(): number {
    const hasLength = DATA_SIZES[this._first & TYPE_MASK] === SIZE_FIRST;
    return this._start - 1 - (hasLength ? varintSize(this._lengthOrSmall, 0) : 0);
  }

  get type(): DataType {
    return DATA_TYPES[this._firstByte() & TYPE_MASK]!;
  }

  get isNull(): boolean {
    return this.type === DataType.Null;
  }

  /** The value of a BOOL. */
  get boolean(): boolean {
    const first = this._firstByte();
    if ((first & TYPE_MASK) !== DataType.Bool) throw this._wrongType('BOOL');
    return (first & TRUE_FLAG) !== 0;
  }

  get lo(): number {
    return this._readInteger().lo;
  }

  get hi(): number {
    return this._readInteger().hi;
  }

  get family(): 4 | 6 {
    const type = this._firstByte() & TYPE_MASK;
    if (type === Ipv4) return 4;
    if (type === Ipv6) return 6;
    throw this._wrongType('IPV4 or IPV6');
  }

  get byteLength(): number {
    const length = this._lengthOrSmall;
    if (length < 0 || this._lentIn !== this._source.generation) this._checkBytes();
    return length;
  }

  byteAt(index: number): number {
    const { byteLength } = this;
    if (!(index >= 0 && index < byteLength)) return -1;
    const { bytes, origin } = this._source;
    return bytes[origin + this._start + index] ?? -1;
  }

  wordAt(index: number): number {
    const words = this.family === 4 ? 1 : 4;
    if (!(index >= 0 && index < words && Number.isInteger(index))) {
      throw new RangeError(`expected a group from 0 to ${words - 1}; found ${index}`);
    }
    // Buffer's own readers and comparers put objects on the heap where they are not inlined.
    const { bytes, origin } = this._source;
    const at = origin + this._start + index * 4;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  equals(other: string | Uint8Array): boolean {
    const start = this._checkBytes();
    const { bytes } = this._source;
    const length = this._lengthOrSmall;
    if (typeof other !== 'string') return bytesEqual(bytes, start, length, other);
    const type = this._first & TYPE_MASK;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      return parseAddress(other, parsedAddress, 0) === length && isParsedAddress(bytes, start, length);
    }
    return utf8PrefixLength(bytes, start, length, other) === length;
  }

  startsWith(text: string): boolean {
    const start = this._checkBytes();
    return utf8PrefixLength(this._source.bytes, start, this._lengthOrSmall, text) >= 0;
  }

  copyTo(target: Uint8Array, offset: number = 0): number {
    const start = this._checkBytes();
    return this._source.bytes.copy(target, offset, start, start + this._lengthOrSmall);
  }

  /** @internal The integer if it fits 32 bits, which spares a double that V8 would box; else undefined. */
  toInt32(): number | undefined {
    const { lo, hi } = this._readInteger();
    if (hi === 0 && lo >= 0) return lo;
    return hi === -1 && lo < 0 && (this._first & TYPE_MASK) !== DataType.Uint64 ? lo : undefined;
  }

  /** @internal The integer as the nearest double. */
  toDouble(): number {
    const { lo, hi } = this._readInteger();
    const isUnsigned = this.type === DataType.Uint64;
    return (isUnsigned ? hi >>> 0 : hi) * 4_294_967_296 + (lo >>> 0);
  }

  toNumber(): number {
    if (this.type === DataType.Ipv4) return this.wordAt(0) >>> 0;
    const small = this.toInt32();
    if (small !== undefined) return small;
    const value = this.toDouble();
    if (!Number.isSafeInteger(value)) throw this._unsafe();
    return value;
  }

  toBigInt(): bigint {
    const type = this.type;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      const start = this._checkBytes();
      return BigInt(`0x${this._source.bytes.toString('hex', start, start + this._lengthOrSmall)}`);
    }
    const { lo, hi } = this._readInteger();
    const value = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    return type === DataType.Uint64 ? BigInt.asUintN(64, value) : value;
  }

  /** STRING and BINARY: the bytes read as UTF-8, wrong ones as U+FFFD. Addresses, integers, booleans: as one writes them. NULL: `''`. */
  toString(): string {
    const { bytes, origin } = this._source;
    const start = origin + this._start;
    switch (this.type) {
      case DataType.Null:
        return '';
      case DataType.Bool:
        return this.boolean ? 'true' : 'false';
      case DataType.Ipv4:
        return toIpv4Text(bytes, start);
      case DataType.Ipv6:
        return toIpv6Text(bytes, start);
      case DataType.String:
      case DataType.Binary:
        return bytes.toString('utf8', start, start + this._lengthOrSmall);
      default:
        return this.toBigInt().toString();
    }
  }

  toBytes(): Buffer {
    const start = this._checkBytes();
    return Buffer.from(this._source.bytes.subarray(start, start + this._lengthOrSmall));
  }

  /** The byte with the type and the flags. */
  private _firstByte(): number {
    if (this._lentIn !== this._source.generation) throw viewClosed();
    return this._first;
  }

  /** Checks that the value has bytes of its own, and returns where they begin in the source's. */
  private _checkBytes(): number {
    const source = this._source;
    if (this._lentIn !== this._source.generation) throw viewClosed();
    if (this._lengthOrSmall < 0) throw this._wrongType('STRING, BINARY, IPV4 or IPV6');
    return source.origin + this._start;
  }

  /** The halves of an integer, in the returned cursor's `lo` and `hi`. */
  private _readInteger(): Cursor {
    const type = this._firstByte() & TYPE_MASK;
    if (type < DataType.Int32 || type > DataType.Uint64) throw this._wrongType('INT32, UINT32, INT64 or UINT64');
    const { bytes, limit, origin } = this._source;
    decoding.moveTo(bytes, origin + this._start, limit, origin);
    readVarint(decoding);
    return decoding;
  }

  private _wrongType(expected: string): SpopError {
    return new SpopError(
      'SPOP_WRONG_TYPE',
      `expected a value of type ${expected}; found ${dataTypeName(this.type)}`,
      this.offset,
    );
  }

  private _unsafe(): SpopError {
    return new SpopError(
      'SPOP_UNSAFE_INTEGER',
      `expected an integer within ±(2^53 - 1); found ${this.toBigInt()}: read it with toBigInt()`,
      this.offset,
    );
  }
}

definePrintable(Value.prototype, (value) => value.toString());

function nothing(): undefined {
  return undefined;
}

/** Whether the address that was parsed last is the `length` bytes at `start`. */
function isParsedAddress(bytes: Buffer, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== parsedAddress[i]) return false;
  }
  return true;
}
