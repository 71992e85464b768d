import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { NO_BYTES } from '../wire/cursor.ts';

/** The generation of a view without a place; no frame has it. */
export const NO_GENERATION = -1;

const MAX_GENERATION = 0x7fff_ffff;

/**
 * The bytes that a group of views reads, and whether they still may. All views of a frame share one, so that closing them all is
 * one write: each view remembers the generation in which it was placed, and is closed in any other.
 */
export class ViewSource {
  /** Kept after `close`, when no view may read it: resetting it would cost more than all else that `close` does. */
  bytes: Buffer = NO_BYTES;
  /** Offset of the frame's length field in `bytes`. */
  origin: number = 0;
  /** Offset after the frame's last byte. */
  limit: number = 0;
  /** Odd while open; each opening and closing gives it a new number, until 2^30 of them have passed. */
  generation: number = 0;
  /** The generation of the frame that is being read, in which its values are placed. */
  reading: number = 0;

  get isOpen(): boolean {
    return (this.generation & 1) === 1;
  }

  /** Lets views read the frame from `origin` to `limit`; views that were placed before are closed. */
  open(bytes: Buffer, origin: number, limit: number): void {
    this.beginReading(bytes, origin, limit);
    this.endReading();
  }

  /** Closes the source, and moves it to a frame that views may read once it was checked. */
  beginReading(bytes: Buffer, origin: number, limit: number): void {
    this.moveTo(bytes, origin, limit);
    const closed = (this.generation + 2) & ~1 & MAX_GENERATION;
    this.generation = closed;
    this.reading = closed + 1;
  }

  /** Opens the source: the frame is well-formed. */
  endReading(): void {
    this.generation = this.reading;
  }

  /** Moves to a copy of the same frame: views stay valid, since their offsets count from the frame's origin. */
  moveTo(bytes: Buffer, origin: number, limit: number): void {
    if (this.bytes !== bytes) this.bytes = bytes;
    this.origin = origin;
    this.limit = limit;
  }

  /** Drops the bytes, which it would keep alive otherwise. */
  letGo(): void {
    this.moveTo(NO_BYTES, 0, 0);
  }

  /** Closes the source: from now on its views throw SPOP_VIEW_CLOSED. */
  close(): void {
    this.generation = (this.generation + 1) & ~1 & MAX_GENERATION;
  }
}

// `{ ...view }` copies this field too; print nothing for it.
definePrintable(ViewSource.prototype, () => undefined);

/** The error of a view that is used after its frame was closed. */
export function viewClosed(): SpopError {
  return new SpopError(
    'SPOP_VIEW_CLOSED',
    'expected a view to be used before its frame is closed, which an agent does when the handler settles; found a ' +
      'later use. Copy what must live longer with toString(), toBytes() or toNumber() before that',
  );
}
