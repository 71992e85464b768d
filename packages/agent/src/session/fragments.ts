import { Frame, FrameFlag, SpopError } from '@spop/codec';

const FLAGS_OFFSET = 8;

/** What became of a fragment. */
export type FragmentResult = 'more' | 'complete' | 'aborted' | 'too-big';

/**
 * Puts a fragmented NOTIFY of HAProxy 3.0 and older together: a NOTIFY without FIN, then UNSET frames with the same
 * ids, the last one with FIN, or with FIN and ABORT where HAProxy gives up. Values are split anywhere, so that only the
 * joined payload can be read. A connection has one at a time.
 *
 * A NOTIFY above the cap is not kept: its fragments are passed over, and the last one says `'too-big'`, so that the
 * stream can be answered and all others on the connection go on.
 */
export class Fragments {
  /** The whole NOTIFY after `'complete'`, or its ids after `'too-big'`: valid until the next fragment. */
  readonly frame: Frame = new Frame();
  /** How many NOTIFYs were begun, this one included. */
  begun: number = 0;
  readonly #maxBytes: number;
  #buffer: Buffer | undefined;
  #length: number = 0;
  #isTooBig: boolean = false;

  /** @param maxBytes The most bytes of one NOTIFY, all its fragments together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a NOTIFY was begun and not ended. */
  get isActive(): boolean {
    return this.#buffer !== undefined;
  }

  /** Bytes of memory held. */
  get heldBytes(): number {
    return this.#buffer?.length ?? 0;
  }

  /**
   * Takes a NOTIFY without FIN; one that is given up at once is nothing begun.
   *
   * @throws {SpopError} SPOP_INTERLACED_FRAMES where one was begun and not ended.
   */
  begin(first: Frame): void {
    this.#checkIds(first);
    if (this.isActive) {
      throw new SpopError(
        'SPOP_INTERLACED_FRAMES',
        'expected the rest of a fragmented NOTIFY as UNSET frames; found its beginning again',
        4,
      );
    }
    if (first.abort) return;
    const size = first.end - first.start;
    this.begun++;
    this.#isTooBig = false;
    this.#length = 0;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#maxBytes, 4 * size)));
    first.bytes.copy(this.#buffer, 0, first.start, first.end);
    this.#length = size;
    this.#buffer[FLAGS_OFFSET]! |= FrameFlag.Fin;
    this.frame.read(this.#buffer, 0, size);
  }

  /**
   * Takes a continuation.
   *
   * @throws {SpopError} SPOP_FRAME_ID_NOT_FOUND where nothing was begun, SPOP_INTERLACED_FRAMES for other ids.
   */
  add(next: Frame): FragmentResult {
    if (this.#buffer === undefined) {
      throw new SpopError(
        'SPOP_FRAME_ID_NOT_FOUND',
        `expected a NOTIFY before its continuation; found one for stream ${next.toStreamId()}, frame ${next.toFrameId()}`,
        9,
      );
    }
    this.#checkIds(next);
    if (next.abort) {
      this.drop();
      return 'aborted';
    }
    this.#append(next);
    if (!next.fin) return 'more';
    const isTooBig = this.#isTooBig;
    this.frame.read(this.#buffer, 0, this.#length);
    this.drop();
    return isTooBig ? 'too-big' : 'complete';
  }

  /** Forgets what was begun. */
  drop(): void {
    this.#buffer = undefined;
  }

  /** @throws {SpopError} SPOP_INTERLACED_FRAMES where another frame's ids come in between. */
  #checkIds(next: Frame): void {
    if (this.#buffer === undefined || next.hasIdsOf(this.frame)) return;
    throw new SpopError(
      'SPOP_INTERLACED_FRAMES',
      `expected the rest of stream ${this.frame.toStreamId()}, frame ${this.frame.toFrameId()}; ` +
        `found stream ${next.toStreamId()}, frame ${next.toFrameId()}`,
      9,
    );
  }

  #append(next: Frame): void {
    const size = next.end - next.payloadStart;
    if (this.#isTooBig || this.#length + size > this.#maxBytes) {
      this.#isTooBig = true;
      return;
    }
    let buffer = this.#buffer!;
    if (this.#length + size > buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#maxBytes, 2 * (this.#length + size)));
      buffer.copy(grown, 0, 0, this.#length);
      buffer = grown;
      this.#buffer = grown;
      this.frame.read(grown, 0, this.#length);
    }
    next.bytes.copy(buffer, this.#length, next.payloadStart, next.end);
    this.#length += size;
  }
}
