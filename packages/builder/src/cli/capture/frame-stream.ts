import { FrameFlag, LENGTH_BYTES, SpopError } from '@spop/codec';
import type { FragmentFrame, PlainFrame, NotifyFrame } from '../../data/model.ts';
import { PendingBytes } from '../../data/pending-bytes.ts';
import { frameLength, parseStream, reassemble } from '../../read/parse.ts';

/** HAProxy takes buffers of at most 1 MiB; what claims more is no frame. */
export const MAX_CAPTURED_FRAME_SIZE: number = 1 << 20;

/** A frame as it stood on the wire, or the bytes from which on there is none. */
export interface CapturedFrame {
  /** Of its length field, from the first byte of this side. */
  readonly offset: number;
  /** With the length field. */
  readonly bytes: Uint8Array;
  /** Undefined where `error` says why there is none. */
  readonly frame: PlainFrame | undefined;
  readonly error: SpopError | undefined;
}

/**
 * The frames in the bytes of one side. Where bytes are wrong or missing it looks for the next piece that begins with a frame, as
 * most pieces of a TCP connection do.
 */
export class FrameStream {
  readonly #maxFrameSize: number;
  readonly #pending: PendingBytes = new PendingBytes();
  #offset = 0;
  #isLost = false;

  /** `maxFrameSize` is in bytes, without the length field. */
  constructor(maxFrameSize: number = MAX_CAPTURED_FRAME_SIZE) {
    this.#maxFrameSize = maxFrameSize;
  }

  /** Takes bytes, and returns the frames that they complete, and an error where they are none. */
  push(piece: Uint8Array): CapturedFrame[] {
    if (this.#isLost && !this.#beginsFrame(piece)) {
      this.#offset += piece.length;
      return [];
    }
    this.#isLost = false;
    this.#pending.add(piece);
    const found: CapturedFrame[] = [];
    const { bytes } = this.#pending;
    let start = 0;
    while (!this.#isLost) {
      const rest = bytes.subarray(start);
      const { frames, offsets, consumed, error } = parseStream(rest, {
        maxFrameSize: this.#maxFrameSize,
        ackPadding: true,
      });
      for (const [index, frame] of frames.entries()) {
        const place = offsets[index] ?? 0;
        const whole = rest.slice(place, offsets[index + 1] ?? consumed);
        found.push({ offset: this.#offset + start + place, bytes: whole, frame, error: undefined });
      }
      start += consumed;
      if (error === undefined) break;
      const wrong = this.#wrongBytes(bytes.subarray(start));
      found.push({ offset: this.#offset + start, bytes: wrong.slice(), frame: undefined, error });
      start += wrong.length;
    }
    this.#take(start);
    return found;
  }

  /** A frame is wrong: the next one begins where its length says. A length that is wrong leaves no way to go on. */
  #wrongBytes(rest: Uint8Array): Uint8Array {
    const size = LENGTH_BYTES + (frameLength(rest, 0) ?? 0);
    this.#isLost = size > LENGTH_BYTES + this.#maxFrameSize || size > rest.length;
    return this.#isLost ? rest : rest.subarray(0, size);
  }

  /** So many bytes were not captured. @returns the error, with what stood before them. */
  skip(count: number): CapturedFrame {
    const { bytes } = this.#pending;
    const error = new SpopError('SPOP_TRUNCATED', `expected all bytes, but ${count} are missing in the capture`, 0);
    const gap = { offset: this.#offset, bytes: bytes.slice(), frame: undefined, error };
    this.#take(bytes.length);
    this.#offset += count;
    this.#isLost = true;
    return gap;
  }

  /** Nothing more comes. @returns the frame that is not complete, undefined where there is none. */
  finish(): CapturedFrame | undefined {
    const { bytes } = this.#pending;
    if (bytes.length === 0) return undefined;
    const missing = LENGTH_BYTES + (frameLength(bytes, 0) ?? 0) - bytes.length;
    const error = new SpopError('SPOP_TRUNCATED', `expected a whole frame, but ${missing} bytes of it are missing`, 0);
    return { offset: this.#offset, bytes: bytes.slice(), frame: undefined, error };
  }

  #beginsFrame(piece: Uint8Array): boolean {
    const { frames } = parseStream(piece, { maxFrameSize: this.#maxFrameSize, ackPadding: true });
    return frames.length > 0;
  }

  #take(count: number): void {
    this.#pending.take(count);
    this.#offset += count;
  }
}

/** Puts the fragments of HAProxy 3.0 and older together. */
export class FragmentJoiner {
  #parts: FragmentFrame[] = [];

  /** Takes each frame of HAProxy. @returns the whole NOTIFY where this is its last fragment. */
  push(frame: PlainFrame): NotifyFrame | undefined {
    if (frame.type === 'NOTIFY-FRAGMENT') this.#parts = [frame];
    if (frame.type !== 'UNSET' || this.#parts.length === 0) return undefined;
    this.#parts.push(frame);
    if ((frame.flags & (FrameFlag.Fin | FrameFlag.Abort)) === 0) return undefined;
    const parts = this.#parts;
    this.#parts = [];
    try {
      const [whole] = reassemble(parts);
      return whole?.type === 'NOTIFY' ? whole : undefined;
    } catch (error) {
      // The fragments themselves are shown; what they join to is no NOTIFY.
      if (error instanceof SpopError) return undefined;
      throw error;
    }
  }
}
