/** base64url of RFC 4648 §5 in its one canonical form, read without making text. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES = new Int8Array(256).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/**
 * Decodes all of `text` into `bytes`, whose length is a multiple of 3. With such a length there is no padding and no spare
 * bit: each text is other bytes. @returns whether it is base64url of this number of bytes.
 */
export function readBase64url(text: Uint8Array, bytes: Uint8Array): boolean {
  if (text.length * 3 !== bytes.length * 4) return false;
  for (let from = 0, to = 0; to < bytes.length; from += 4, to += 3) {
    let word = 0;
    for (let index = from; index < from + 4; index++) {
      const value = VALUES[text[index]!]!;
      if (value < 0) return false;
      word = (word << 6) | value;
    }
    bytes[to] = word >> 16;
    bytes[to + 1] = word >> 8;
    bytes[to + 2] = word;
  }
  return true;
}
