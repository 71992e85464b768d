import { Frame, FrameFlag, SpopError } from '@spop/codec';

const FLAGS_OFFSET = 8;

/** What became of a fragment. */
export type FragmentResult = 'more' | 'complete' | 'aborted' | 'too-big';

/**
 * Joins the fragments of a NOTIFY of HAProxy 3.0 and older: a NOTIFY without FIN, then UNSET frames with the same ids, the
 * last one with FIN, or with FIN and ABORT when HAProxy gives up. A fragment may end within a value, so only the joined
 * payload can be read. A connection has one fragmented NOTIFY at a time.
 *
 * A NOTIFY above `maxBytes` is not kept. Its fragments are skipped, and the last one results in `'too-big'`, so that its
 * stream can be answered, and other streams on the connection go on.
 */
export class Fragments {
  /** The whole NOTIFY after `'complete'`, or its ids after `'too-big'`: valid until the next fragment. */
  readonly frame: Frame = new Frame();
  /** How many fragmented NOTIFYs were begun so far. */
  begun: number = 0;
  readonly #maxBytes: number;
  #buffer: Buffer | undefined;
  #length: number = 0;
  #isTooBig: boolean = false;

  /** @param maxBytes The most bytes of all fragments of one NOTIFY. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a NOTIFY was begun and not ended. */
  get isActive(): boolean {
    return this.#buffer !== undefined;
  }

  /** Bytes of memory that the fragments hold. */
  get heldBytes(): number {
    return this.#buffer?.length ?? 0;
  }

  /**
   * Takes a NOTIFY without FIN. One with ABORT begins nothing.
   *
   * @throws {SpopError} SPOP_INTERLACED_FRAMES when another was begun and not ended.
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
   * @throws {SpopError} SPOP_FRAME_ID_NOT_FOUND when no NOTIFY was begun; SPOP_INTERLACED_FRAMES for other ids.
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

  /** Drops the fragments. */
  drop(): void {
    this.#buffer = undefined;
  }

  /** @throws {SpopError} SPOP_INTERLACED_FRAMES when the ids differ from those of the NOTIFY that was begun. */
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
