/** An empty buffer, for views and cursors that stand on no frame. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

/**
 * A place in bytes, moved in place by the functions that read, such as {@link readVarint}. One is made per connection and used
 * for every frame, so that reading a value makes no object. Each field holds a 32-bit integer from the constructor on, which keeps V8 from
 * ever boxing it.
 *
 * Reading is bounded by `limit`, the end of the innermost thing being read, and never by the end of `bytes`: what lies
 * behind the limit of a pooled buffer belongs to another frame.
 */
export class Cursor {
  /** What it stands in. */
  bytes: Buffer = NO_BYTES;
  /** Offset of the next byte to read: moved on by what reads, and by whoever takes the bytes there, up to `limit`. */
  position: number = 0;
  /** Offset just behind the last byte that may be read. */
  limit: number = 0;
  /** Offset of the frame's length field, or of the first byte that was to be read; offsets in errors count from here. */
  origin: number = 0;
  /** Low 32 bits of the last varint read, as a signed integer. */
  lo: number = 0;
  /** High 32 bits of the last varint read, as a signed integer. */
  hi: number = 0;

  /**
   * Stands at the beginning of `bytes`, or at `start`, with everything up to `end` readable. Offsets in errors count from
   * there.
   *
   * @throws {RangeError} where `start` and `end` are not within `bytes`, in this order.
   */
  read(bytes: Buffer, start: number = 0, end: number = bytes.length): void {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`expected a part of ${bytes.length} bytes; found what goes from ${start} to ${end}`);
    }
    this.moveTo(bytes, start, end, start);
  }

  /** @internal Stands on `position` of `bytes`, with everything up to `limit` readable: nothing of it is checked. */
  moveTo(bytes: Buffer, position: number, limit: number, origin: number): void {
    this.bytes = bytes;
    this.position = position;
    this.limit = limit;
    this.origin = origin;
  }
}
