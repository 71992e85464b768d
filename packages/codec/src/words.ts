import { NO_BYTES } from './cursor.ts';

/** The same bytes for reading or writing words of four, at the same offsets. */
export function toWords(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** {@link NO_BYTES} in words. */
export const NO_WORDS: DataView = toWords(NO_BYTES);

/** The words of the buffer that was asked for last: made anew only for another one, which a static buffer never is. */
export class LastWords {
  #bytes: Buffer = NO_BYTES;
  #words: DataView = NO_WORDS;

  of(bytes: Buffer): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#words = toWords(bytes);
    }
    return this.#words;
  }
}
