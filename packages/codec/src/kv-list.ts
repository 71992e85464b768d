import { Cursor } from './cursor.ts';
import type { Frame } from './frame.ts';
import { textEquals } from './text.ts';
import { skipTypedData } from './typed-data.ts';
import { Value } from './value.ts';
import { readLength } from './varint.ts';
import { ViewSource, viewClosed } from './view-source.ts';

/** A view of a message, argument, item or variable name: valid until its reader moves on. */
export class Name {
  readonly #source: ViewSource;
  #start: number = 0;
  /** Length in bytes. */
  byteLength: number = 0;

  constructor(source: ViewSource) {
    this.#source = source;
  }

  /** @internal Reads a STRING without a type, as names are written, and stands on it. */
  read(cursor: Cursor): void {
    this.byteLength = readLength(cursor);
    this.#start = cursor.position;
    cursor.position += this.byteLength;
  }

  /** Whether the name is `text`, compared as UTF-8. */
  equals(text: string): boolean {
    if (!this.#source.isOpen) throw viewClosed();
    return textEquals(this.#source.bytes, this.#start, this.byteLength, text) === this.byteLength;
  }

  toString(): string {
    if (!this.#source.isOpen) throw viewClosed();
    return this.#source.bytes.toString('utf8', this.#start, this.#start + this.byteLength);
  }
}

/**
 * Walks a KV-list, without making objects:
 *
 *     KV-LIST : [ <KV-NAME> <KV-VALUE> ... ]        (SPOE.txt §3.2)
 *
 * `name` and `value` are the same objects for each item, valid until the next `next()`.
 */
export class KvListReader {
  readonly name: Name;
  readonly value: Value;
  readonly #cursor: Cursor;
  readonly #source: ViewSource;
  /** Items still to come; -1 where the list goes up to the limit. */
  #remaining: number = 0;

  constructor(cursor: Cursor = new Cursor(), source: ViewSource = new ViewSource()) {
    this.#cursor = cursor;
    this.#source = source;
    this.name = new Name(source);
    this.value = new Value(source);
  }

  /** Stands before the first item of a HELLO's or DISCONNECT's payload. */
  read(frame: Frame): void {
    this.#source.open(frame.bytes, frame.start, frame.end);
    this.#cursor.moveTo(frame.bytes, frame.payloadStart, frame.end, frame.start);
    this.#remaining = -1;
  }

  /** @internal Stands before `count` items at the cursor. */
  readCounted(count: number): void {
    this.#remaining = count;
  }

  /**
   * Moves to the next item; false behind the last.
   *
   * @throws {SpopError} what is wrong with the item; see {@link skipTypedData}.
   */
  next(): boolean {
    if (!this.#source.isOpen) throw viewClosed();
    const cursor = this.#cursor;
    if (this.#remaining < 0 ? cursor.position >= cursor.limit : this.#remaining === 0) return false;
    if (this.#remaining > 0) this.#remaining--;
    this.name.read(cursor);
    this.value.placeAt(cursor.position);
    skipTypedData(cursor);
    return true;
  }
}
