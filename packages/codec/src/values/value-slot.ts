import { DataType } from '../constants.ts';
import { isMappedAddress, MAPPED_PREFIX_BYTES } from '../wire/address.ts';
import type { Cursor } from '../wire/cursor.ts';
import {
  DATA_SIZES as DATA_SIZES_,
  IPV4_BYTES,
  SIZE_FIRST as SIZE_FIRST_,
  skipTypedData,
  TRUE_FLAG as TRUE_FLAG_,
  TYPE_MASK as TYPE_MASK_,
} from '../wire/typed-data.ts';
import { readVarint, varintSize } from '../wire/varint.ts';
import { NO_GENERATION, type ViewSource } from './view-source.ts';

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode realistic`).
const TYPE_MASK = TYPE_MASK_;
const TRUE_FLAG = TRUE_FLAG_;
const DATA_SIZES = DATA_SIZES_;
const SIZE_FIRST = SIZE_FIRST_;

/** The bit that differs between IPV6 and IPV4. */
const FAMILY_BIT = DataType.Ipv6 ^ DataType.Ipv4;
/** {@link FAMILY_BIT} eight bits higher, above the first byte: the type there is IPV4, and on the wire it is IPV6. */
const UNMAPPED_SHIFT = 8;
const UNMAPPED = FAMILY_BIT << UNMAPPED_SHIFT;

/** Integers of up to this many bytes are decoded while their end is searched for. */
const SMALL_INTEGER_BYTES = 3;
/** The length for {@link ValueSlot.place} of a value without bytes of its own. */
export const NO_LENGTH = -1;
/** A small integer is kept in the field of a length as this number less its value. */
export const SMALL_INTEGER_BASE = -2;

/**
 * The place of a value in its frame, and the generations in which it was found and lent. It may only be read in the generation
 * in which it was lent. `ValueView` decodes it.
 */
export abstract class ValueSlot {
  // Protected to the compiler only: a # name takes more bytecode at each use, and V8 inlines only up to a budget of it.
  /** @internal Only {@link ValueSlot.placeText} changes it. */
  declare protected _source: ViewSource;
  /** @internal The byte with the type and the flags; with `UNMAPPED` above it if {@link ValueSlot.unmap} changed the type. */
  protected _first: number = 0;
  /** @internal Offset of the value's own bytes, after its type and length, from the frame's length field. */
  protected _start: number = 0;
  /**
   * @internal The length in bytes of a STRING, BINARY or address. For an integer of up to three bytes, -2 less its value; for
   * any other value, -1.
   */
  protected _lengthOrSmall: number = NO_LENGTH;
  /** The generation of the source in which a value was found; its complement when the value was rejected. */
  private _foundIn: number = NO_GENERATION;
  /** @internal The generation in which the view was lent to its holder. */
  protected _lentIn: number = NO_GENERATION;
  private readonly _absent: (value: ValueSlot) => undefined;

  /** @internal @param absent Called when there is no value; throws if that is an error. */
  constructor(source: ViewSource, absent: (value: ValueSlot) => undefined = nothing) {
    this._source = source;
    this._absent = absent;
  }

  /**
   * @internal Checks the typed data at `position` of `bytes`, which are the source's, places the value there, and returns the
   * offset after it.
   *
   * @throws {SpopError} as {@link skipTypedData}; the value is then unchanged.
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
    // The halves of a longer integer are decoded when they are read.
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
    this.place(first, start - origin, length, this._source.reading);
    return end;
  }

  /**
   * @internal Places the value on a typed data that was checked.
   *
   * @param first Its first byte.
   * @param start Offset of its own bytes from the frame's length field.
   * @param length The length in bytes of a STRING, BINARY or address; -2 less the value of an integer of up to three bytes;
   * else -1.
   * @param generation The source's.
   */
  place(first: number, start: number, length: number, generation: number): void {
    this._first = first;
    this._start = start;
    this._lengthOrSmall = length;
    this._foundIn = generation;
  }

  /**
   * @internal Turns an IPV6 that holds an IPv4 address (RFC 4291 §2.5.5.2) into that address, in the frame that is being read.
   * Any other value is unchanged.
   */
  unmap(): void {
    const { bytes, origin } = this._source;
    if ((this._first & TYPE_MASK) !== DataType.Ipv6 || !isMappedAddress(bytes, origin + this._start)) return;
    this._first = (this._first ^ FAMILY_BIT) | UNMAPPED;
    this._start += MAPPED_PREFIX_BYTES;
    this._lengthOrSmall = IPV4_BYTES;
  }

  /** @internal The type that the value has on the wire. */
  protected get _wireType(): number {
    return (this._first & TYPE_MASK) | (this._first >> UNMAPPED_SHIFT);
  }

  /** @internal Whether a value was found in the source's present frame, and not rejected. */
  get isFound(): boolean {
    return this._foundIn === this._source.generation;
  }

  /** @internal Whether a value was found in `generation`, which may be past, and not rejected. */
  isFoundIn(generation: number): boolean {
    return this._foundIn === generation;
  }

  /** @internal Whether the BOOL that was found is true. */
  get foundBoolean(): boolean {
    return (this._first & TRUE_FLAG) !== 0;
  }

  /** @internal Takes the place of `found` in the same frame, and lends it. */
  takeOver(found: ValueSlot): this {
    this.place(found._first, found._start, found._lengthOrSmall, this._source.generation);
    return this.lend();
  }

  /** @internal Places the value on `length` bytes of its source, as a value of `type`, and lends it. */
  placeBytes(type: DataType, start: number, length: number): void {
    this.place(type, start, length, this._source.generation);
    this.lend();
  }

  /** @internal As `placeBytes`, for a STRING that is a part of another value of any source. */
  placeText(source: ViewSource, start: number, length: number): void {
    this._source = source;
    this.placeBytes(DataType.String, start, length);
  }

  /** @internal Lets the holder read the value that was found. */
  lend(): this {
    this._lentIn = this._foundIn;
    return this;
  }

  /*
   * The next methods and `byteLength` call no other functions: V8 inlines up to a budget of bytecode, and a handler reads value
   * after value (benchmark `decode realistic`).
   */

  /** @internal Lends and returns the view if a value was found. */
  lendIfFound(): this | undefined {
    const { generation } = this._source;
    if (this._foundIn !== generation) return this._absent(this);
    this._lentIn = generation;
    return this;
  }

  /** @internal The BOOL, if one was found. */
  booleanIfFound(): boolean | undefined {
    if (this._foundIn !== this._source.generation) return this._absent(this);
    return (this._first & TRUE_FLAG) !== 0;
  }

  /** @internal Notes that the value that was found has a type that was not declared. */
  reject(): void {
    this._foundIn = ~this._foundIn;
  }

  /** @internal Whether a value was found or rejected in the source's present frame. */
  get isPresent(): boolean {
    return this.isPresentIn(this._source.generation);
  }

  /** @internal Whether a value was found or rejected in `generation`. */
  isPresentIn(generation: number): boolean {
    const difference = this._foundIn ^ generation;
    return difference === 0 || difference === -1;
  }

  /** @internal The type of the value that was found. */
  get foundType(): number {
    return this._first & TYPE_MASK;
  }

  /** @internal The integer that was found, if it has up to three bytes on the wire; else -1. */
  get foundSmallInteger(): number {
    const integer = SMALL_INTEGER_BASE - this._lengthOrSmall;
    return integer < 0 ? -1 : integer;
  }

  /** @internal Closes the view: reading it throws from now on. */
  recall(): void {
    this._foundIn = NO_GENERATION;
    this._lentIn = NO_GENERATION;
  }

  get offset(): number {
    if (this._first >= UNMAPPED) return this._start - 1 - MAPPED_PREFIX_BYTES;
    const hasLength = DATA_SIZES[this._first & TYPE_MASK] === SIZE_FIRST;
    return this._start - 1 - (hasLength ? varintSize(this._lengthOrSmall, 0) : 0);
  }
}

function nothing(): undefined {
  return undefined;
}
