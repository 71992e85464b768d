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
    const size = codePointLength(bytes, position, end, code);
    if (size < 0) return -1;
    position += size;
  }
  return position - start;
}

/** How many bytes a code point takes, where those from `position` on, up to `end`, begin with it; else -1. */
function codePointLength(bytes: Buffer, position: number, end: number, code: number): number {
  const size = codePointSize(code);
  if (size > end - position) return -1;
  // The first byte carries the size in its high bits; the rest follows in groups of six bits.
  const mark = size === 1 ? 0 : (0xf00 >> size) & 0xff;
  let at = position;
  let shift = (size - 1) * 6;
  if (bytes[at++] !== (mark | (code >> shift))) return -1;
  while (shift > 0) {
    shift -= 6;
    if (bytes[at++] !== (0x80 | ((code >> shift) & 0x3f))) return -1;
  }
  return size;
}

function codePointSize(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
}

/** Whether the `length` bytes at `start` end with the UTF-8 form of `text`; see {@link utf8PrefixLength}. */
export function utf8EndsWith(bytes: Buffer, start: number, length: number, text: string): boolean {
  // No UTF-8 form is shorter than its text: a longer one is not looked at.
  if (text.length > length) return false;
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    const code = codePointAt(text, i);
    if (code > 0xffff) i++;
    size += codePointSize(code);
  }
  return size <= length && utf8PrefixLength(bytes, start + length - size, size, text) === size;
}

/**
 * Where the UTF-8 form of `text` first stands in the `length` bytes at `start`, from the `from`th on, 0 to `length`; -1 where
 * it does not.
 */
export function utf8IndexOf(bytes: Buffer, start: number, length: number, text: string, from: number): number {
  if (text === '') return from;
  const last = length - text.length;
  const first = text.charCodeAt(0);
  for (let at = from; at <= last; at++) {
    if (first < 0x80 && bytes[start + at] !== first) continue;
    if (utf8PrefixLength(bytes, start + at, length - at, text) >= 0) return at;
  }
  return -1;
}

/** Whether the `length` bytes at `start` are the UTF-8 form of `text`, with A to Z and a to z taken for the same. */
export function utf8EqualsIgnoreCase(bytes: Buffer, start: number, length: number, text: string): boolean {
  if (text.length > length) return false;
  const end = start + length;
  let position = start;
  for (let i = 0; i < text.length; i++) {
    const code = codePointAt(text, i);
    if (code > 0xffff) i++;
    if (code < 0x80) {
      if (position === end || lowerAscii(bytes[position]!) !== lowerAscii(code)) return false;
      position++;
    } else {
      const size = codePointLength(bytes, position, end, code);
      if (size < 0) return false;
      position += size;
    }
  }
  return position === end;
}

function lowerAscii(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
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
