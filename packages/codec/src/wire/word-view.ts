import { NO_BYTES } from './cursor.ts';

/** A view of the same bytes at the same offsets, for reading or writing words of four bytes. */
export function toWordView(bytes: Buffer): DataView {
  const { buffer, byteOffset, length } = bytes;
  // Without a length the view grows with its memory, as `bytes` may.
  const mayGrow = 'growable' in buffer ? buffer.growable : buffer.resizable;
  return mayGrow ? new DataView(buffer, byteOffset) : new DataView(buffer, byteOffset, length);
}

/** The view of {@link NO_BYTES}. */
export const NO_WORD_VIEW: DataView = toWordView(NO_BYTES);

/** Keeps the view of one buffer, and replaces it when another buffer is asked for. */
export class WordViewCache {
  #bytes: Buffer = NO_BYTES;
  #wordView: DataView = NO_WORD_VIEW;

  of(bytes: Buffer): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#wordView = toWordView(bytes);
    }
    return this.#wordView;
  }
}
