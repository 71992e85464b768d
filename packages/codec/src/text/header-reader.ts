import { DataType } from '../constants.ts';
import { SpopError } from '../errors.ts';
import type { StringValue, TextValue } from '../values/value-views.ts';
import { Cursor } from '../wire/cursor.ts';
import { readLength } from '../wire/varint.ts';
import { NO_SOURCE, skipSpace, TextPlace, type TextView, toTextView, trimSpace } from './text-place.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Shared, since each pair is read without interruption. */
const cursor: Cursor = new Cursor();

/**
 * Reads the headers of HAProxy's samples `req.hdrs` and `req.hdrs_bin`, or `res.hdrs` and `res.hdrs_bin`, in their order, and
 * allocates nothing:
 *
 *     for (headers.read(message.headers); headers.next();) {
 *       if (headers.name.equalsIgnoreCase('cookie')) headers.value;
 *     }
 *
 * A STRING is read as lines of `name: value` and CRLF, up to an empty line; a BINARY as pairs of a name and a value, each after its
 * length as a varint, up to an empty pair (HAProxy's configuration manual, `req.hdrs` and `req.hdrs_bin`). Both give the same
 * headers. HAProxy 2.6 and later sends names in lower case.
 *
 * `name` and `value` are the same objects for each header, valid until the next `next()` or `read()`, and as long as the argument.
 * A reader has one place: handlers that await between two headers need a reader each.
 */
export class HeaderReader {
  /** The name of the header. */
  readonly name: StringValue;
  /** Its value, without spaces and tabs around it. */
  readonly value: StringValue;
  readonly #name: TextView = toTextView(NO_SOURCE);
  readonly #value: TextView = toTextView(NO_SOURCE);
  /** The rest of the argument, from the next header. */
  readonly #place: TextPlace = new TextPlace();
  #isBinary: boolean = false;
  #isDone: boolean = false;

  constructor() {
    this.name = this.#name;
    this.value = this.#value;
  }

  /**
   * Begins before the first header of an argument.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED; SPOP_WRONG_TYPE for a value that is not a STRING or BINARY.
   */
  read(headers: TextValue): void {
    this.#name.recall();
    this.#value.recall();
    this.#place.standOn(headers);
    this.#isBinary = headers.type === DataType.Binary;
    this.#isDone = false;
  }

  /**
   * Moves to the next header; returns false at the empty line or pair that ends the headers. Bytes after that are not read.
   *
   * @throws {SpopError} SPOP_BAD_HEADERS for a malformed header, or when the argument ends before the empty line or pair. HAProxy
   * sends no such argument, unless its configuration cuts the sample or names another one. SPOP_VIEW_CLOSED.
   */
  next(): boolean {
    const { bytes, origin } = this.#place.open();
    this.#name.recall();
    this.#value.recall();
    if (this.#isDone) return false;
    return this.#isBinary ? this.#nextPair(bytes, origin) : this.#nextLine(bytes, origin);
  }

  #nextLine(bytes: Buffer, origin: number): boolean {
    const place = this.#place;
    const start = origin + place.start;
    const end = origin + place.end;
    let nameEnd = start;
    while (nameEnd < end && bytes[nameEnd] !== COLON && bytes[nameEnd] !== CR) nameEnd++;
    const lineEnd = endOfLine(bytes, nameEnd, end);
    if (lineEnd < 0) throw invalidHeaders('a line that ends with CRLF', 'none', place.start);
    if (lineEnd === start) {
      this.#isDone = true;
      return false;
    }
    if (nameEnd === start || nameEnd === lineEnd || bytes[nameEnd] !== COLON) {
      throw invalidHeaders('a line `name: value`', 'one without a name', place.start);
    }
    const valueStart = skipSpace(bytes, nameEnd + 1, lineEnd);
    const valueEnd = trimSpace(bytes, valueStart, lineEnd);
    this.#name.placeText(place.source, start - origin, nameEnd - start);
    this.#value.placeText(place.source, valueStart - origin, valueEnd - valueStart);
    place.start = lineEnd + 2 - origin;
    return true;
  }

  #nextPair(bytes: Buffer, origin: number): boolean {
    const place = this.#place;
    cursor.moveTo(bytes, origin + place.start, origin + place.end, origin);
    const nameLength = readPairLength(cursor);
    const nameStart = cursor.position - origin;
    cursor.position += nameLength;
    const valueLength = readPairLength(cursor);
    if (nameLength === 0) {
      if (valueLength > 0) throw invalidHeaders('a name', 'none before a value', place.start);
      this.#isDone = true;
      return false;
    }
    const valueStart = cursor.position - origin;
    this.#name.placeText(place.source, nameStart, nameLength);
    this.#value.placeText(place.source, valueStart, valueLength);
    place.start = valueStart + valueLength;
    return true;
  }
}

/** The offset of the CRLF that ends the line; -1 if there is none. */
function endOfLine(bytes: Buffer, start: number, end: number): number {
  for (let position = start; position < end - 1; position++) {
    if (bytes[position] === CR && bytes[position + 1] === LF) return position;
  }
  return -1;
}

/** {@link readLength} with the error of headers, since the frame is not malformed. */
function readPairLength(at: Cursor): number {
  const start = at.position;
  try {
    return readLength(at);
  } catch (error) {
    throw invalidHeaders('a length, and as many bytes', 'less', start - at.origin, error);
  }
}

function invalidHeaders(expected: string, found: string, offset: number, cause?: unknown): SpopError {
  return new SpopError(
    'SPOP_BAD_HEADERS',
    `expected headers as req.hdrs or req.hdrs_bin gives them, and there ${expected}; found ${found}`,
    offset,
    cause === undefined ? undefined : { cause },
  );
}
