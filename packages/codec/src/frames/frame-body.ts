import { LENGTH_BYTES as LENGTH_BYTES_ } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { defineHidden, definePrintable } from '../printable.ts';
import { checkOneKind } from '../values/check-declared.ts';
import { frameFull, writeNull, writeText, writeTypedData } from '../values/typed-data-writer.ts';
import type { ValueType } from '../values/value-type.ts';
import { NO_BYTES } from '../wire/cursor.ts';
import { varintSize, writeVarint } from '../wire/varint.ts';

const TYPE_AND_FLAGS_BYTES = 5;
// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `ack without actions`).
const LENGTH_BYTES = LENGTH_BYTES_;
const FRAME_HEADER_BYTES = LENGTH_BYTES + TYPE_AND_FLAGS_BYTES;
/** Bytes of a frame before its ids. */
const FRAME_HEADER_BYTES_: number = FRAME_HEADER_BYTES;
export { FRAME_HEADER_BYTES_ as FRAME_HEADER_BYTES };
const MAX_ID = (1n << 64n) - 1n;

/**
 * The common base of all frame writers: the buffer, and the beginning and end of a frame. {@link FrameWriter},
 * {@link NotifyWriter} and {@link AckWriter} add the content.
 */
export abstract class FrameBody {
  /** The caller's buffer. */
  declare protected bytes: Buffer;
  /** Offset of the frame's length field. */
  protected start: number = 0;
  /** Offset after the bytes written so far. */
  protected position: number = 0;
  /** The frame has to end at this offset or before. */
  protected limit: number = 0;

  /** @internal */
  constructor() {
    defineHidden(this, 'bytes', NO_BYTES);
  }

  /** Bytes written so far, with the length field. */
  get byteLength(): number {
    return this.position - this.start;
  }

  /** Bytes that still fit. */
  get remainingBytes(): number {
    return this.limit - this.position;
  }

  /** Fills in the frame's length and returns the offset after the frame. */
  end(): number {
    const { bytes, position, start } = this;
    const length = position - start - LENGTH_BYTES;
    bytes[start] = length >>> 24;
    bytes[start + 1] = length >>> 16;
    bytes[start + 2] = length >>> 8;
    bytes[start + 3] = length;
    return position;
  }

  /**
   * Begins a frame: reserves its length field, and writes type, flags and ids. @throws {SpopError} as {@link
   * FrameWriter.begin}.
   */
  protected beginFrame(
    bytes: Buffer,
    position: number,
    limit: number,
    type: number,
    streamId: number | bigint,
    frameId: number | bigint,
    flags: number,
  ): void {
    if (limit > bytes.length || limit - position < FRAME_HEADER_BYTES) {
      throw frameFull(position, Math.min(limit, bytes.length), FRAME_HEADER_BYTES);
    }
    this.bytes = bytes;
    this.start = position;
    this.limit = limit;
    bytes[position + 4] = type;
    bytes[position + 5] = flags >>> 24;
    bytes[position + 6] = flags >>> 16;
    bytes[position + 7] = flags >>> 8;
    bytes[position + 8] = flags;
    this.position = position + FRAME_HEADER_BYTES;
    this.#writeId(streamId);
    this.#writeId(frameId);
  }

  /**
   * Appends a name and a typed data.
   *
   * @throws {SpopError} SPOP_FRAME_FULL, SPOP_INVALID_VALUE; {TypeError} for a type that is `oneOf(…)`. Nothing was written.
   */
  protected append<Write>(name: string, type: ValueType<unknown, Write>, value: Write): void {
    checkOneKind('the type of a value', type);
    const { bytes, limit } = this;
    this.position = writeTypedData(bytes, writeText(bytes, this.position, limit, name), limit, type.kind, value);
  }

  /** Appends a name and NULL. @throws {SpopError} SPOP_FRAME_FULL: nothing was written. */
  protected appendNull(name: string): void {
    const { bytes, limit } = this;
    this.position = writeNull(bytes, writeText(bytes, this.position, limit, name), limit);
  }

  #writeId(id: number | bigint): void {
    const isInteger = typeof id === 'bigint' || Number.isInteger(id);
    if (!isInteger || id < 0 || id > MAX_ID) {
      throw new SpopError('SPOP_INVALID_VALUE', `expected an id from 0 to 2^64 - 1; found ${id}`);
    }
    const value = BigInt(id);
    const lo = Number(BigInt.asIntN(32, value));
    const hi = Number(BigInt.asIntN(32, value >> 32n));
    const size = varintSize(lo, hi);
    if (this.remainingBytes < size) throw frameFull(this.position, this.limit, size);
    this.position = writeVarint(this.bytes, this.position, lo, hi);
  }
}

definePrintable(FrameBody.prototype, ({ byteLength }) => ({ byteLength }));
