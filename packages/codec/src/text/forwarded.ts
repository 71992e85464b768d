/*
 * The grammar of the Forwarded field (RFC 7239 §4):
 *
 *     Forwarded         = 1#forwarded-element
 *     forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
 *     forwarded-pair    = token "=" ( token / quoted-string )
 *     node              = nodename [ ":" node-port ]                           (§6)
 *     node-port         = 1*5DIGIT / "_" 1*( ALPHA / DIGIT / "." / "_" / "-" )
 *
 * Spaces and tabs are accepted around commas and semicolons. A value without quotes may have all visible ASCII characters but
 * `"`, `\`, `,`, `;` and `=`: many proxies write ports and brackets without quotes.
 */

import { skipSpace } from './text-place.ts';

/** The longest node that is read, in bytes: enough for an address in brackets and quotes, with escapes and a port. */
export const MAX_NODE_BYTES = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

const IN_TOKEN = 1;
const IN_VALUE = 2;
const IN_PORT = 4;
const IS_DIGIT = 8;

/** The parts of the grammar in which each byte may occur, as a bit set. */
const kinds: Uint8Array = new Uint8Array(256);
for (let byte = 0x21; byte < 0x7f; byte++) {
  const text = String.fromCharCode(byte);
  if (/[\w!#$%&'*+.^`|~-]/.test(text)) kinds[byte]! |= IN_TOKEN;
  if (/[^"\\,;=]/.test(text)) kinds[byte]! |= IN_VALUE;
  if (/[\w.-]/.test(text)) kinds[byte]! |= IN_PORT;
  if (/\d/.test(text)) kinds[byte]! |= IS_DIGIT;
}

/** Whether every quoted string ends, and no backslash is outside of one. */
export function areQuotesPaired(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) {
    if (bytes[position] === BACKSLASH) return false;
    if (bytes[position] === QUOTE) {
      position = quotedEnd(bytes, position, end) - 1;
      if (position < start) return false;
    }
  }
  return true;
}

/** The offset after the quoted string at `start`; 0 if it does not end. */
function quotedEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let position = start + 1; position < end; position++) {
    if (bytes[position] === QUOTE) return position + 1;
    if (bytes[position] === BACKSLASH) position++;
  }
  return 0;
}

/**
 * The offset of the last element from `start` to `end`, whose quotes are paired: after the last comma that is not in quotes.
 */
export function elementStart(bytes: Uint8Array, start: number, end: number): number {
  let position = end;
  let isQuoted = false;
  while (position > start) {
    const byte = bytes[position - 1];
    if (byte === QUOTE) {
      // An opening quote has no backslash before it.
      isQuoted = isQuoted && isEscaped(bytes, start, position - 1) ? true : !isQuoted;
    } else if (byte === COMMA && !isQuoted) {
      break;
    }
    position--;
  }
  return position;
}

/** Whether the number of backslashes before `position` is odd. */
function isEscaped(bytes: Uint8Array, start: number, position: number): boolean {
  let first = position;
  while (first > start && bytes[first - 1] === BACKSLASH) first--;
  return ((position - first) & 1) === 1;
}

/** The value of a parameter with its quotes; at -1 if there is none. */
interface Span {
  start: number;
  end: number;
}

/** The result of {@link forNode}, reused. */
const node: Span = { start: -1, end: -1 };

/**
 * The value of the parameter `for` in the element from `start` to `end`, which has no space around it; at -1 if the element has
 * none or two, or is malformed. The same object each time.
 */
export function forNode(bytes: Uint8Array, start: number, end: number): Readonly<Span> {
  node.start = -1;
  let position = start;
  while (position < end) {
    if (bytes[position] !== SEMICOLON) {
      const nameEnd = endOf(IN_TOKEN, bytes, position, end);
      const valueStart = nameEnd + 1;
      const valueEnd = nameEnd < end && bytes[nameEnd] === EQUALS ? endOfValue(bytes, valueStart, end) : 0;
      const isAgain = isFor(bytes, position, nameEnd) && node.start >= 0;
      const next = skipSpace(bytes, valueEnd, end);
      if (nameEnd === position || valueEnd <= valueStart || isAgain || (next < end && bytes[next] !== SEMICOLON)) {
        node.start = -1;
        break;
      }
      if (isFor(bytes, position, nameEnd)) {
        node.start = valueStart;
        node.end = valueEnd;
      }
      position = next;
    }
    position = skipSpace(bytes, position + 1, end);
  }
  return node;
}

/** The offset after a value; 0 if a quoted one does not end. */
function endOfValue(bytes: Uint8Array, start: number, end: number): number {
  return start < end && bytes[start] === QUOTE ? quotedEnd(bytes, start, end) : endOf(IN_VALUE, bytes, start, end);
}

/** The offset after all bytes of `kind` from `start`. */
function endOf(kind: number, bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && (kinds[bytes[position]!]! & kind) !== 0) position++;
  return position;
}

function isFor(bytes: Uint8Array, start: number, end: number): boolean {
  // Letters in either case.
  const isLong = end - start === 3;
  return (
    isLong &&
    (bytes[start]! | 0x20) === 0x66 &&
    (bytes[start + 1]! | 0x20) === 0x6f &&
    (bytes[start + 2]! | 0x20) === 0x72
  );
}

/** Whether the text from `start` to `end` is empty, or a colon and a port. */
export function hasOnlyPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (bytes[start] !== COLON || start + 1 === end) return false;
  if (bytes[start + 1] === UNDERSCORE) return end - start > 2 && endOf(IN_PORT, bytes, start + 2, end) === end;
  return end - start <= 6 && endOf(IS_DIGIT, bytes, start + 1, end) === end;
}

/**
 * Copies the content of the quoted string from `start` to `end` to the beginning of `target`, and returns its length in bytes; 0 if
 * the string does not end at `end`.
 */
export function unquote(bytes: Uint8Array, start: number, end: number, target: Uint8Array): number {
  if (quotedEnd(bytes, start, end) !== end) return 0;
  let length = 0;
  for (let position = start + 1; position < end - 1; position++) {
    if (bytes[position] === BACKSLASH) position++;
    target[length++] = bytes[position]!;
  }
  return length;
}
