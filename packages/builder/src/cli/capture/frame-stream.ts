import { FrameFlag, LENGTH_BYTES, SpopError } from '@spop/codec';
import type { FragmentFrame, PlainFrame, NotifyFrame } from '../../data/model.ts';
import { PendingBytes } from '../../data/pending-bytes.ts';
import { expectSpopError } from '../../data/spop-error.ts';
import { frameLength, parseStream, reassemble } from '../../read/parse.ts';

/** The longest frame in a capture, in bytes: HAProxy's buffers have at most 1 MiB. */
export const MAX_CAPTURED_FRAME_SIZE: number = 1 << 20;

/** A frame on the wire, or bytes that are not a frame. */
export interface CapturedFrame {
  /** The offset of its length field from the first byte of this side. */
  readonly offset: number;
  /** The bytes, with the length field. */
  readonly bytes: Uint8Array;
  /** The frame; undefined if `error` says why there is none. */
  readonly frame: PlainFrame | undefined;
  readonly error: SpopError | undefined;
}

/**
 * The frames in the bytes of one side. After wrong or missing bytes it looks for the next piece that begins with a frame, as most
 * pieces of a TCP connection do.
 */
export class FrameStream {
  readonly #maxFrameSize: number;
  readonly #pending: PendingBytes = new PendingBytes();
  #offset: number = 0;
  #isLost: boolean = false;

  /** @param maxFrameSize The longest frame in bytes, without the length field. */
  constructor(maxFrameSize: number = MAX_CAPTURED_FRAME_SIZE) {
    this.#maxFrameSize = maxFrameSize;
  }

  /** Takes bytes, and returns the frames that they complete, and an error for wrong bytes. */
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

  /** The bytes of a wrong frame: the next one begins where its length says. After a wrong length it cannot go on. */
  #wrongBytes(rest: Uint8Array): Uint8Array {
    const size = LENGTH_BYTES + (frameLength(rest, 0) ?? 0);
    this.#isLost = size > LENGTH_BYTES + this.#maxFrameSize || size > rest.length;
    return this.#isLost ? rest : rest.subarray(0, size);
  }

  /** Skips `count` bytes that were not captured. @returns The error, with the bytes before them. */
  skip(count: number): CapturedFrame {
    const { bytes } = this.#pending;
    const error = new SpopError('SPOP_TRUNCATED', `expected all bytes; found a capture without ${count} of them`, 0);
    const gap = { offset: this.#offset, bytes: bytes.slice(), frame: undefined, error };
    this.#take(bytes.length);
    this.#offset += count;
    this.#isLost = true;
    return gap;
  }

  /** Ends the stream. @returns The incomplete frame, if there is one. */
  end(): CapturedFrame | undefined {
    const { bytes } = this.#pending;
    if (bytes.length === 0) return undefined;
    const missing = LENGTH_BYTES + (frameLength(bytes, 0) ?? 0) - bytes.length;
    const error = new SpopError(
      'SPOP_TRUNCATED',
      `expected a whole frame; found one without its last ${missing} bytes`,
      0,
    );
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

/** Joins the fragments of HAProxy 3.0 and older. */
export class FragmentJoiner {
  #parts: FragmentFrame[] = [];

  /** Takes each frame of HAProxy. @returns The whole NOTIFY, if this is its last fragment. */
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
      // The fragments themselves are shown; joined they are not a NOTIFY.
      expectSpopError(error);
      return undefined;
    }
  }
}
