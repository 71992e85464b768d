import type { Value } from '../values/value-views.ts';
import { ValueView } from '../values/value.ts';
import { NO_GENERATION, ViewSource, viewClosed } from '../values/view-source.ts';
import { Cursor } from '../wire/cursor.ts';
import { utf8PrefixLength } from '../wire/utf8.ts';
import { readLength } from '../wire/varint.ts';
import type { Frame } from './frame.ts';

/** A view of the name of a message, argument, item or variable; valid until its reader moves on. */
export class Name {
  readonly #source: ViewSource;
  /** Offset of its first byte from the frame's length field. */
  #start: number = 0;
  #generation: number = NO_GENERATION;
  /** Length in bytes. */
  byteLength: number = 0;

  /** @internal */
  constructor(source: ViewSource) {
    this.#source = source;
  }

  /** @internal Reads a name: a STRING without its type byte. */
  read(cursor: Cursor): void {
    this.byteLength = readLength(cursor);
    this.#start = cursor.position - cursor.origin;
    this.#generation = this.#source.generation;
    cursor.position += this.byteLength;
  }

  /** Whether the name is `text`, compared as UTF-8. */
  equals(text: string): boolean {
    const source = this.#source;
    if (source.generation !== this.#generation) throw viewClosed();
    return utf8PrefixLength(source.bytes, source.origin + this.#start, this.byteLength, text) === this.byteLength;
  }

  /** The name as text. */
  toString(): string {
    const source = this.#source;
    if (source.generation !== this.#generation) throw viewClosed();
    const start = source.origin + this.#start;
    return source.bytes.toString('utf8', start, start + this.byteLength);
  }
}

/**
 * Reads the items of a KV-list, and allocates nothing:
 *
 *     KV-LIST : [ <KV-NAME> <KV-VALUE> ... ]        (SPOE.txt §3.2)
 *
 * `name` and `value` are the same objects for each item, valid until the next `next()`.
 */
export class KvListReader {
  /** The name of the item that `next` found. */
  readonly name: Name;
  /** The value of the item that `next` found. */
  readonly value: Value;
  readonly #value: ValueView;
  readonly #cursor: Cursor;
  readonly #source: ViewSource;
  /** Items still to come; -1 when the list ends at the limit. */
  #remaining: number = 0;
  #generation: number = NO_GENERATION;

  /** @internal */
  constructor(cursor: Cursor = new Cursor(), source: ViewSource = new ViewSource()) {
    this.#cursor = cursor;
    this.#source = source;
    this.name = new Name(source);
    this.#value = new ValueView(source);
    this.value = this.#value;
  }

  /** Begins at the first item of a HELLO's or DISCONNECT's payload. */
  read(frame: Frame): void {
    this.#source.open(frame.bytes, frame.start, frame.end);
    this.#cursor.moveTo(frame.bytes, frame.payloadStart, frame.end, frame.start);
    this.readCounted(-1);
  }

  /** @internal Begins at the cursor, before `count` items; all up to the limit for -1. */
  readCounted(count: number): void {
    this.#remaining = count;
    this.#generation = this.#source.generation;
  }

  /**
   * Moves to the next item; returns false after the last.
   *
   * @throws {SpopError} for a malformed item; SPOP_VIEW_CLOSED.
   */
  next(): boolean {
    if (this.#source.generation !== this.#generation) throw viewClosed();
    const cursor = this.#cursor;
    if (this.#remaining < 0 ? cursor.position >= cursor.limit : this.#remaining === 0) return false;
    if (this.#remaining > 0) this.#remaining--;
    this.name.read(cursor);
    // The value counts as found only once all of it is known to lie within the limit.
    const value = this.#value;
    value.recall();
    cursor.position = value.read(cursor, cursor.bytes, cursor.position, cursor.limit);
    value.lend();
    return true;
  }
}
