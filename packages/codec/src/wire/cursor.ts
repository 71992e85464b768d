import { MAX_VARINT_BYTES } from '../constants.ts';
import { SpopError } from '../errors.ts';

/** An empty buffer, for views and cursors without a frame. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * A position in bytes, which reading functions such as {@link readVarint} move. Make one for each connection and use it for
 * every frame, so that reading a value allocates nothing. Each field holds a 32-bit integer from the constructor on, so that V8
 * never boxes it.
 *
 * Reading stops at `limit`, the end of the innermost item, and not at the end of `bytes`: bytes after the limit of a pooled
 * buffer belong to another frame.
 */
export class Cursor {
  /** The bytes that are read. */
  bytes: Buffer = NO_BYTES;
  /** Offset of the next byte to read. Reading functions move it; so may a caller that takes bytes itself, up to `limit`. */
  position: number = 0;
  /** Offset after the last byte that may be read. */
  limit: number = 0;
  /** Offset of the frame's length field, or of the first byte to read; offsets in errors count from here. */
  origin: number = 0;
  /** Low 32 bits of the last varint read, as a signed integer. */
  lo: number = 0;
  /** High 32 bits of the last varint read, as a signed integer. */
  hi: number = 0;

  /**
   * Moves to `start` of `bytes`, 0 by default, with `end` as the limit, the end of `bytes` by default. Offsets in errors count
   * from `start`.
   *
   * @throws {RangeError} when `start` and `end` are not within `bytes`, in this order.
   */
  read(bytes: Buffer, start: number = 0, end: number = bytes.length): void {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`expected a range within ${bytes.length} bytes; found offsets ${start} to ${end}`);
    }
    this.moveTo(bytes, start, end, start);
  }

  /** @internal Moves to `position` of `bytes`, with the limit `limit`, unchecked. */
  moveTo(bytes: Buffer, position: number, limit: number, origin: number): void {
    this.bytes = bytes;
    this.position = position;
    this.limit = limit;
    this.origin = origin;
  }

  // Errors are made here, so that a bundle of readVarint and writeVarint alone holds neither SpopError nor its table of codes.

  /** @internal The error of a value that begins at `start` and does not end before the limit. */
  truncated(start: number, what: string): SpopError {
    return new SpopError(
      'SPOP_TRUNCATED',
      `expected a value that ends within the frame, whose last byte is ${this.limit - this.origin - 1}; found ${what}`,
      start - this.origin,
    );
  }

  /** @internal The error of a varint at the position that does not end before the limit, or does not fit 64 bits. */
  varintError(): SpopError {
    if (this.limit - this.position < MAX_VARINT_BYTES) {
      return this.truncated(this.position, 'a varint that does not end before it');
    }
    return new SpopError(
      'SPOP_VARINT_OVERFLOW',
      'expected a varint of at most 10 bytes and below 2^64; found a longer or larger one',
      this.position - this.origin,
    );
  }
}
