import { DataType } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { isAddress, isMappedTo, toIpv4Text, toIpv6Text } from '../wire/address.ts';
import { Cursor } from '../wire/cursor.ts';
import { DATA_TYPES, dataTypeName, TRUE_FLAG as TRUE_FLAG_, TYPE_MASK as TYPE_MASK_ } from '../wire/typed-data.ts';
import {
  bytesEqual,
  utf8EndsWith,
  utf8EqualsIgnoreCase,
  utf8IncludesIgnoreCase,
  utf8IndexOf,
  utf8PrefixLength,
} from '../wire/utf8.ts';
import { readVarint } from '../wire/varint.ts';
import { isNetwork, type Network } from './network.ts';
import type { TextCache } from './text-cache.ts';
import { ValueSlot } from './value-slot.ts';
import type { Value } from './value-views.ts';
import { type ViewSource, viewClosed } from './view-source.ts';

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode realistic`).
const TYPE_MASK = TYPE_MASK_;
const TRUE_FLAG = TRUE_FLAG_;
const { Ipv4, Ipv6 } = DataType;

const decoding = new Cursor();

/**
 * A lazy view of one typed data (SPOE.txt §3.1): it knows the place of the value and decodes it at each read. It reads the
 * frame's own bytes and is valid as long as the frame; later use throws SPOP_VIEW_CLOSED. Only methods named `to…` allocate.
 *
 * Reading a value as another type throws SPOP_WRONG_TYPE.
 *
 * An argument declared `address` that came as an IPv4 address mapped to IPv6, `::ffff:192.0.2.1` (RFC 4291 §2.5.5.2), is the IPv4
 * address here; only `type` is still IPV6.
 */
export class ValueView extends ValueSlot implements Value {
  get type(): DataType {
    this._firstByte();
    return DATA_TYPES[this._wireType]!;
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
    // Buffer's own readers and comparers allocate when they are not inlined.
    const { bytes, origin } = this._source;
    const at = origin + this._start + index * 4;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  equals(other: string | Uint8Array): boolean {
    const start = this._checkBytes();
    const { bytes } = this._source;
    const length = this._lengthOrSmall;
    const type = this._first & TYPE_MASK;
    if (typeof other !== 'string') {
      return bytesEqual(bytes, start, length, other) || (type === DataType.Ipv4 && isMappedTo(bytes, start, other));
    }
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      return isAddress(bytes, start, length, other);
    }
    return utf8PrefixLength(bytes, start, length, other) === length;
  }

  isWithin(network: Network): boolean {
    const { family } = this;
    if (!isNetwork(network)) throw noNetwork();
    const { bytes, origin } = this._source;
    return network.holds(bytes, origin + this._start, family);
  }

  startsWith(text: string): boolean {
    const start = this._checkBytes();
    return utf8PrefixLength(this._source.bytes, start, this._lengthOrSmall, text) >= 0;
  }

  endsWith(text: string): boolean {
    const start = this._checkBytes();
    return utf8EndsWith(this._source.bytes, start, this._lengthOrSmall, text);
  }

  includes(text: string): boolean {
    return this.indexOf(text) >= 0;
  }

  indexOf(text: string, from: number = 0): number {
    const start = this._checkBytes();
    const length = this._lengthOrSmall;
    return utf8IndexOf(this._source.bytes, start, length, text, within(length, from));
  }

  equalsIgnoreCase(text: string): boolean {
    const start = this._checkBytes();
    return utf8EqualsIgnoreCase(this._source.bytes, start, this._lengthOrSmall, text);
  }

  includesIgnoreCase(text: string): boolean {
    const start = this._checkBytes();
    return utf8IncludesIgnoreCase(this._source.bytes, start, this._lengthOrSmall, text);
  }

  copyTo(target: Uint8Array, offset: number = 0, start: number = 0, end: number = Infinity): number {
    const from = this._checkBytes();
    const length = this._lengthOrSmall;
    return this._source.bytes.copy(target, offset, from + within(length, start), from + within(length, end));
  }

  /** @internal The STRING that was found, as text from `cache`. */
  toCachedText(cache: TextCache): string {
    const { bytes, origin } = this._source;
    return cache.toText(bytes, origin + this._start, this._lengthOrSmall);
  }

  /** @internal As `toCachedText`, with another source of the same frame. */
  toCachedTextOf({ bytes, origin }: ViewSource, cache: TextCache): string {
    return cache.toText(bytes, origin + this._start, this._lengthOrSmall);
  }

  /** @internal The integer if it fits 32 bits, without a double that V8 would box; else undefined. */
  toInt32(): number | undefined {
    const { lo, hi } = this._readInteger();
    if (hi === 0 && lo >= 0) return lo;
    return hi === -1 && lo < 0 && (this._first & TYPE_MASK) !== DataType.Uint64 ? lo : undefined;
  }

  /** @internal The integer as the nearest double. */
  toDouble(): number {
    const { lo, hi } = this._readInteger();
    const isUnsigned = (this._first & TYPE_MASK) === DataType.Uint64;
    return (isUnsigned ? hi >>> 0 : hi) * 4_294_967_296 + (lo >>> 0);
  }

  toNumber(): number {
    if ((this._firstByte() & TYPE_MASK) === DataType.Ipv4) return this.wordAt(0) >>> 0;
    const small = this.toInt32();
    if (small !== undefined) return small;
    const value = this.toDouble();
    if (!Number.isSafeInteger(value)) throw this._unsafe();
    return value;
  }

  toBigInt(): bigint {
    const type = this._firstByte() & TYPE_MASK;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      const start = this._checkBytes();
      return BigInt(`0x${this._source.bytes.toString('hex', start, start + this._lengthOrSmall)}`);
    }
    const { lo, hi } = this._readInteger();
    const value = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    return type === DataType.Uint64 ? BigInt.asUintN(64, value) : value;
  }

  /**
   * STRING and BINARY: the bytes decoded as UTF-8, wrong ones as U+FFFD. Addresses, integers, booleans: their usual text. NULL:
   * `''`.
   */
  override toString(): string {
    const { bytes, origin } = this._source;
    const start = origin + this._start;
    switch (this._firstByte() & TYPE_MASK) {
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

  /**
   * @internal The source of the bytes of a STRING or BINARY.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED; SPOP_WRONG_TYPE for any other value.
   */
  textSource(): ViewSource {
    const type = this._firstByte() & TYPE_MASK;
    if (type !== DataType.String && type !== DataType.Binary) throw this._wrongType('STRING or BINARY');
    return this._source;
  }

  /** @internal Offset of its bytes from the frame's length field. */
  get textStart(): number {
    return this._start;
  }

  /** The byte with the type and the flags. */
  private _firstByte(): number {
    if (this._lentIn !== this._source.generation) throw viewClosed();
    return this._first;
  }

  /** Checks that the value has bytes of its own, and returns their offset in the source's. */
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

definePrintable(ValueView.prototype, (value) => value.toString());

/** The offset as an integer from 0 to `length`. */
function within(length: number, offset: number): number {
  if (offset < length) return offset > 0 ? offset | 0 : 0;
  return offset >= length ? length : 0;
}

function noNetwork(): SpopError {
  return new SpopError('SPOP_MISUSE', 'expected a network that defineNetwork made; found another value');
}
