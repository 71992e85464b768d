import { NO_BYTES } from './cursor.ts';
import { SpopError } from './errors.ts';

/** The generation of a view that was placed on nothing yet; no frame has it. */
export const NO_GENERATION = -1;

/**
 * The bytes that a group of views reads, and whether they still may. One is shared by all views of a frame, so that
 * closing them all is one write: each view remembers the generation that it was placed in, and is late in any other.
 */
export class ViewSource {
  bytes: Buffer = NO_BYTES;
  /** Offset of the frame's length field in `bytes`. */
  origin: number = 0;
  /** Offset behind the frame's last byte. */
  limit: number = 0;
  isOpen: boolean = false;
  /** Another number from each opening and closing to the next; it comes again after 2^31 - 1 of them. */
  generation: number = 0;

  /** Lets views read the frame from `origin` to `limit`; those placed before are late. */
  open(bytes: Buffer, origin: number, limit: number): void {
    this.bytes = bytes;
    this.origin = origin;
    this.limit = limit;
    this.isOpen = true;
    this.#endGeneration();
  }

  /** Stands on a copy of the same frame: views stay valid, since they count from the frame's origin. */
  moveTo(bytes: Buffer, origin: number, limit: number): void {
    this.bytes = bytes;
    this.origin = origin;
    this.limit = limit;
  }

  /** From now on every view of this source throws SPOP_VIEW_CLOSED. */
  close(): void {
    this.isOpen = false;
    this.bytes = NO_BYTES;
    this.origin = 0;
    this.limit = 0;
    this.#endGeneration();
  }

  #endGeneration(): void {
    this.generation = (this.generation + 1) & 0x7fff_ffff;
  }
}

/** The error of a view that is used after its frame was closed. */
export function viewClosed(): SpopError {
  return new SpopError(
    'SPOP_VIEW_CLOSED',
    'expected a view to be used before its frame is closed, which an agent does when the handler settles; found a ' +
      'later use. Copy what must live longer with toString(), toBytes() or toNumber() before that',
  );
}
