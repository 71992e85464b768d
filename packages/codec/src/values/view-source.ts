import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { NO_BYTES } from '../wire/cursor.ts';

/** The generation of a view that was placed on nothing yet; no frame has it. */
export const NO_GENERATION = -1;

const MAX_GENERATION = 0x7fff_ffff;

/**
 * The bytes that a group of views reads, and whether they still may. One is shared by all views of a frame, so that
 * closing them all is one write: each view remembers the generation that it was placed in, and is late in any other.
 */
export class ViewSource {
  /** Kept after `close`, since nobody may read it then: setting it back costs more than all else that `close` does. */
  bytes: Buffer = NO_BYTES;
  /** Offset of the frame's length field in `bytes`. */
  origin: number = 0;
  /** Offset behind the frame's last byte. */
  limit: number = 0;
  /** Odd while open; another number from each opening and closing to the next, until 2^30 of them have passed. */
  generation: number = 0;
  /** The generation of the frame that is being read, in which what is found there is placed. */
  reading: number = 0;

  get isOpen(): boolean {
    return (this.generation & 1) === 1;
  }

  /** Lets views read the frame from `origin` to `limit`; those placed before are late. */
  open(bytes: Buffer, origin: number, limit: number): void {
    this.beginReading(bytes, origin, limit);
    this.endReading();
  }

  /** Closes, and stands on a frame that is to be found well-formed before views may read it. */
  beginReading(bytes: Buffer, origin: number, limit: number): void {
    this.moveTo(bytes, origin, limit);
    const closed = (this.generation + 2) & ~1 & MAX_GENERATION;
    this.generation = closed;
    this.reading = closed + 1;
  }

  /** The frame is well-formed: opens. */
  endReading(): void {
    this.generation = this.reading;
  }

  /** Stands on a copy of the same frame: views stay valid, since they count from the frame's origin. */
  moveTo(bytes: Buffer, origin: number, limit: number): void {
    if (this.bytes !== bytes) this.bytes = bytes;
    this.origin = origin;
    this.limit = limit;
  }

  /** Forgets the bytes, which would be kept otherwise. */
  letGo(): void {
    this.moveTo(NO_BYTES, 0, 0);
  }

  /** From now on every view of this source throws SPOP_VIEW_CLOSED. */
  close(): void {
    this.generation = (this.generation + 1) & ~1 & MAX_GENERATION;
  }
}

// Spread, a view shows its fields, and with them this one.
definePrintable(ViewSource.prototype, () => undefined);

/** The error of a view that is used after its frame was closed. */
export function viewClosed(): SpopError {
  return new SpopError(
    'SPOP_VIEW_CLOSED',
    'expected a view to be used before its frame is closed, which an agent does when the handler settles; found a ' +
      'later use. Copy what must live longer with toString(), toBytes() or toNumber() before that',
  );
}
