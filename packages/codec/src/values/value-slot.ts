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

/** The bit that tells IPV6 from IPV4. */
const FAMILY_BIT = DataType.Ipv6 ^ DataType.Ipv4;
/** The same above the byte with the type and the flags, which says IPV4: the value is an IPV6 on the wire. */
const UNMAPPED_SHIFT = 8;
const UNMAPPED = FAMILY_BIT << UNMAPPED_SHIFT;

/** Integers of up to this many bytes are decoded while their end is searched for. */
const SMALL_INTEGER_BYTES = 3;
/** What {@link ValueSlot.place} takes as the length of what has no bytes of its own. */
export const NO_LENGTH = -1;
/** What a small integer is subtracted from to stand in the place of a length. */
export const SMALL_INTEGER_BASE = -2;

/**
 * Where a value stands in its frame, and who may read it: found in the frame of one generation, lent to whoever reads
 * it in that generation only. What it decodes to is `Value`'s.
 */
export abstract class ValueSlot {
  // Protected to the compiler only: a name with # takes more code at each use, of which V8 inlines so much and no more.
  /** @internal Always the same, but where it is a part of text: see {@link ValueSlot.placeText}. */
  declare protected _source: ViewSource;
  /** @internal The byte with the type and the flags; more than a byte where {@link ValueSlot.unmap} changed the type. */
  protected _first: number = 0;
  /** @internal Where the value's own bytes begin, after its type and length, from the frame's length field. */
  protected _start: number = 0;
  /**
   * @internal Of a STRING, BINARY or address its length in bytes. Below zero, where there is no length: -2 less the value
   * of an integer of up to three bytes, or -1.
   */
  protected _lengthOrSmall: number = NO_LENGTH;
  /** The generation of the source in which a value was found; its complement where that was rejected. */
  private _foundIn: number = NO_GENERATION;
  /** @internal The generation in which the view was lent to whoever holds it. */
  protected _lentIn: number = NO_GENERATION;
  private readonly _absent: (value: ValueSlot) => undefined;

  /** @internal @param absent Says that there is no value, where that is an error. */
  constructor(source: ViewSource, absent: (value: ValueSlot) => undefined = nothing) {
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
    this.place(first, start - origin, length, this._source.reading);
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

  /**
   * @internal From now on an IPV6 that holds an IPv4 address (RFC 4291 §2.5.5.2) is that address, in the frame that is being
   * read. Any other value stays what it is.
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

  /** @internal Whether a value was found in the frame that the source stands on, and not rejected. */
  get isFound(): boolean {
    return this._foundIn === this._source.generation;
  }

  /** @internal The same of that generation, which may be past. */
  isFoundIn(generation: number): boolean {
    return this._foundIn === generation;
  }

  /** @internal Whether the BOOL that was found is true. */
  get foundBoolean(): boolean {
    return (this._first & TRUE_FLAG) !== 0;
  }

  /** @internal Stands where `found` does in the same frame, and may be read. */
  takeOver(found: ValueSlot): this {
    this.place(found._first, found._start, found._lengthOrSmall, this._source.generation);
    return this.lend();
  }

  /** @internal Stands on `length` bytes of the source that it has, as a value of that type, and may be read. */
  placeBytes(type: DataType, start: number, length: number): void {
    this.place(type, start, length, this._source.generation);
    this.lend();
  }

  /** @internal The same of text, which is part of another value of any source. */
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
   * The next few and `byteLength` do without other functions: V8 inlines up to so many bytes of code, and a handler reads
   * value after value (benchmark `decode realistic`).
   */

  /** @internal The view, where a value was found. */
  lendIfFound(): this | undefined {
    const { generation } = this._source;
    if (this._foundIn !== generation) return this._absent(this);
    this._lentIn = generation;
    return this;
  }

  /** @internal The BOOL, where one was found. */
  booleanIfFound(): boolean | undefined {
    if (this._foundIn !== this._source.generation) return this._absent(this);
    return (this._first & TRUE_FLAG) !== 0;
  }

  /** @internal Notes that the value that was found is of a type that nobody asked for. */
  reject(): void {
    this._foundIn = ~this._foundIn;
  }

  /** @internal Whether a value was found or rejected in the frame that the source stands on. */
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

  /** @internal From now on the view is late. */
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
