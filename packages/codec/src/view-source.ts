import { NO_BYTES } from './cursor.ts';
import { SpopError } from './errors.ts';

/**
 * The bytes that a group of views reads, and whether they still may. One is shared by all views of a frame, so that
 * closing them all is one write.
 */
export class ViewSource {
  bytes: Buffer = NO_BYTES;
  /** Offset of the frame's length field in `bytes`. */
  origin: number = 0;
  /** Offset behind the frame's last byte. */
  limit: number = 0;
  isOpen: boolean = false;

  open(bytes: Buffer, origin: number, limit: number): void {
    this.bytes = bytes;
    this.origin = origin;
    this.limit = limit;
    this.isOpen = true;
  }

  /** From now on every view of this source throws SPOP_VIEW_CLOSED. */
  close(): void {
    this.isOpen = false;
    this.bytes = NO_BYTES;
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
