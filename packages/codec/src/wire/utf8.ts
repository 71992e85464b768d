/** Comparing UTF-8 bytes with text, without converting either. */

/**
 * The length in bytes of the UTF-8 form of `text`, if the `length` bytes at `start` begin with it; else -1. An unpaired surrogate
 * compares as U+FFFD, which is how it would be written.
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

/** {@link utf8PrefixLength} from the character at `from`, the first that is not ASCII; the bytes before it are equal. */
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

/** The length in bytes of a code point, if the bytes from `position` to `end` begin with it; else -1. */
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
  // No UTF-8 form is shorter than its text in UTF-16 units.
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
 * The index of the first UTF-8 form of `text` in the `length` bytes at `start`, searched from index `from`, 0 to `length`; -1 if
 * there is none.
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

/** Whether the `length` bytes at `start` are the UTF-8 form of `text`; A to Z equal a to z. */
export function utf8EqualsIgnoreCase(bytes: Buffer, start: number, length: number, text: string): boolean {
  return prefixLengthIgnoreCase(bytes, start, length, text) === length;
}

/** Whether the `length` bytes at `start` contain the UTF-8 form of `text`; A to Z equal a to z. */
export function utf8IncludesIgnoreCase(bytes: Buffer, start: number, length: number, text: string): boolean {
  const last = length - text.length;
  for (let at = 0; at <= last; at++) {
    if (prefixLengthIgnoreCase(bytes, start + at, length - at, text) >= 0) return true;
  }
  return false;
}

/** As {@link utf8PrefixLength}, but A to Z equal a to z. */
function prefixLengthIgnoreCase(bytes: Buffer, start: number, length: number, text: string): number {
  if (text.length > length) return -1;
  const end = start + length;
  let position = start;
  for (let i = 0; i < text.length; i++) {
    const code = codePointAt(text, i);
    if (code > 0xffff) i++;
    if (code < 0x80) {
      if (position === end || lowerAscii(bytes[position]!) !== lowerAscii(code)) return -1;
      position++;
    } else {
      const size = codePointLength(bytes, position, end, code);
      if (size < 0) return -1;
      position += size;
    }
  }
  return position - start;
}

function lowerAscii(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

/**
 * The code point at `index`; U+FFFD for half a pair. The optimised `codePointAt` of V8 13 and 14 (Node 24, 26) reads past the
 * end of a text that is a slice of a longer one, cut within a pair.
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
