/** Comparing UTF-8 bytes with text, without making the one from the other. */

/**
 * How many of the `length` bytes at `start` the UTF-8 form of `text` takes, when they begin with it; -1 when they do
 * not. Unpaired surrogates compare as U+FFFD, which is how they would be written.
 */
export function utf8PrefixLength(bytes: Buffer, start: number, length: number, text: string): number {
  const textLength = text.length;
  if (textLength > length) return -1;
  for (let i = 0; i < textLength; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return wideUtf8PrefixLength(bytes, start, length, text, i);
    if (bytes[start + i] !== code) return -1;
  }
  return textLength;
}

/** {@link utf8PrefixLength} from the first character on that is not ASCII: the bytes before it are equal. */
function wideUtf8PrefixLength(bytes: Buffer, start: number, length: number, text: string, from: number): number {
  const end = start + length;
  let position = start + from;
  for (let i = from; i < text.length; i++) {
    const code = codePointAt(text, i);
    if (code > 0xffff) i++;
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (size > end - position) return -1;
    // The first byte carries the size in its high bits; the rest follows in groups of six bits.
    const mark = size === 1 ? 0 : (0xf00 >> size) & 0xff;
    let shift = (size - 1) * 6;
    if (bytes[position++] !== (mark | (code >> shift))) return -1;
    while (shift > 0) {
      shift -= 6;
      if (bytes[position++] !== (0x80 | ((code >> shift) & 0x3f))) return -1;
    }
  }
  return position - start;
}

/**
 * The code point at `index`; U+FFFD for half a pair. Optimised code of V8 13 and 14 (Node 24, 26) looks past the end in
 * its own codePointAt, where the text is a slice of a longer one that was cut within a pair.
 */
function codePointAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  if (unit > 0xdbff || index + 1 === text.length) return 0xfffd;
  const next = text.charCodeAt(index + 1);
  return next < 0xdc00 || next > 0xdfff ? 0xfffd : ((unit - 0xd800) << 10) + (next - 0xdc00) + 0x1_0000;
}

/** Whether the `length` bytes at `start` are exactly `other`. */
export function bytesEqual(bytes: Buffer, start: number, length: number, other: Uint8Array): boolean {
  if (other.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== other[i]) return false;
  }
  return true;
}
