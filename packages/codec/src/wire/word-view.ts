import { NO_BYTES } from './cursor.ts';

/** A view of the same bytes for reading or writing words of four, at the same offsets. */
export function toWordView(bytes: Buffer): DataView {
  const { buffer, byteOffset, length } = bytes;
  // Without a length it grows with the memory, as the bytes may.
  const mayGrow = 'growable' in buffer ? buffer.growable : buffer.resizable;
  return mayGrow ? new DataView(buffer, byteOffset) : new DataView(buffer, byteOffset, length);
}

/** {@link NO_BYTES} in words. */
export const NO_WORD_VIEW: DataView = toWordView(NO_BYTES);

/** The view of the buffer that was asked for last: made again only when another buffer is asked for. */
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
