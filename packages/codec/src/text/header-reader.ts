import { DataType } from '../constants.ts';
import { SpopError } from '../errors.ts';
import type { StringValue, TextValue } from '../values/value-views.ts';
import { Cursor } from '../wire/cursor.ts';
import { readLength } from '../wire/varint.ts';
import { NO_SOURCE, skipSpace, TextPlace, type TextView, toTextView, trimSpace } from './text-place.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Shared: a pair is read in one go. */
const cursor: Cursor = new Cursor();

/**
 * Walks the headers that HAProxy's samples `req.hdrs` and `req.hdrs_bin` give, or `res.hdrs` and `res.hdrs_bin`, in their
 * order, without making objects:
 *
 *     for (headers.read(message.headers); headers.next();) {
 *       if (headers.name.equalsIgnoreCase('cookie')) headers.value;
 *     }
 *
 * A STRING is read as lines, `name: value` and CRLF, up to the empty one; a BINARY as pairs of a name and a value, each
 * after its length as a varint, up to an empty pair (HAProxy's configuration manual, `req.hdrs` and `req.hdrs_bin`).
 * Both give the same headers. Names come in lower case from HAProxy 2.6 and later.
 *
 * `name` and `value` are the same objects for each header, valid until the next `next()` or `read()`, and as long as the
 * argument. A reader knows one place: handlers that await in the middle of a walk need one each.
 */
export class HeaderReader {
  /** The name of the header. */
  readonly name: StringValue;
  /** Its value, without spaces and tabs around it. */
  readonly value: StringValue;
  readonly #name: TextView = toTextView(NO_SOURCE);
  readonly #value: TextView = toTextView(NO_SOURCE);
  /** From the next header on. */
  readonly #place: TextPlace = new TextPlace();
  #isBinary: boolean = false;
  #isDone: boolean = false;

  constructor() {
    this.name = this.#name;
    this.value = this.#value;
  }

  /**
   * Stands before the first header of an argument.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED, SPOP_WRONG_TYPE for what is no STRING or BINARY.
   */
  read(headers: TextValue): void {
    this.#name.recall();
    this.#value.recall();
    this.#place.standOn(headers);
    this.#isBinary = headers.type === DataType.Binary;
    this.#isDone = false;
  }

  /**
   * Moves to the next header; false where the empty line or pair stands that ends all headers. What follows that is not read.
   *
   * @throws {SpopError} SPOP_BAD_HEADERS where no header stands, or the argument ends before its end was marked. HAProxy
   * sends none like that, unless the configuration cuts the sample, or sends another one. SPOP_VIEW_CLOSED.
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

/** Where the CRLF begins that ends the line; -1 where there is none. */
function endOfLine(bytes: Buffer, start: number, end: number): number {
  for (let position = start; position < end - 1; position++) {
    if (bytes[position] === CR && bytes[position + 1] === LF) return position;
  }
  return -1;
}

/** {@link readLength} of bytes that no frame is malformed by. */
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
