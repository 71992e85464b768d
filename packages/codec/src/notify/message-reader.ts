import type { SpopError } from '../errors.ts';
import type { Frame } from '../frames/frame.ts';
import { KvListReader, Name } from '../frames/kv-list.ts';
import type { Value } from '../values/value-views.ts';
import { ViewSource } from '../values/view-source.ts';
import { Cursor } from '../wire/cursor.ts';

/**
 * Reads the messages of a NOTIFY and their arguments in their order, without declarations, and allocates nothing:
 *
 *     LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]        (SPOE.txt §3.2)
 *
 *     while (messages.next()) {
 *       if (!messages.name.equals('check-client-ip')) continue;
 *       while (messages.nextArgument()) { messages.argumentName; messages.value; }
 *     }
 *
 * `name`, `argumentName` and `value` are the same objects each time, valid until the reader moves on.
 */
export class MessageReader {
  /** The name of the message that `next` found. */
  readonly name: Name;
  /** NB-ARGS: the number of arguments of the message, 0 to 255. */
  argumentCount: number = 0;
  readonly #cursor: Cursor = new Cursor();
  readonly #source: ViewSource;
  readonly #arguments: KvListReader;

  /** @internal */
  constructor(source: ViewSource = new ViewSource()) {
    this.#source = source;
    this.name = new Name(source);
    this.#arguments = new KvListReader(this.#cursor, source);
  }

  /** The name of the argument that `nextArgument` found. */
  get argumentName(): Name {
    return this.#arguments.name;
  }

  /** The value of the argument that `nextArgument` found. */
  get value(): Value {
    return this.#arguments.value;
  }

  /** Begins before the first message of a NOTIFY frame. */
  read(frame: Frame): void {
    this.#source.open(frame.bytes, frame.start, frame.end);
    this.readFrom(frame.payloadStart);
  }

  /** @internal Begins before the message at `position` of the open source. */
  readFrom(position: number): void {
    this.#cursor.moveTo(this.#source.bytes, position, this.#source.limit, this.#source.origin);
    this.#arguments.readCounted(0);
  }

  /** @internal Goes on at the same place in a copy of the frame, to which the source has moved by `distance` bytes. */
  moveBy(distance: number): void {
    const cursor = this.#cursor;
    const { bytes, limit, origin } = this.#source;
    cursor.moveTo(bytes, cursor.position + distance, limit, origin);
  }

  /**
   * Moves to the next message, past the unread arguments of this one; returns false after the last.
   *
   * @throws {SpopError} for a malformed name, count or argument; SPOP_VIEW_CLOSED.
   */
  next(): boolean {
    const cursor = this.#cursor;
    while (this.#arguments.next());
    if (cursor.position >= cursor.limit) return false;
    this.name.read(cursor);
    this.argumentCount = readArgumentCount(cursor);
    this.#arguments.readCounted(this.argumentCount);
    return true;
  }

  /** Moves to the next argument of this message; returns false after the last. @throws {SpopError} as `next`. */
  nextArgument(): boolean {
    return this.#arguments.next();
  }
}

/** Reads NB-ARGS, a byte. */
function readArgumentCount(cursor: Cursor): number {
  const position = cursor.position;
  if (position >= cursor.limit) throw noArgumentCount(cursor, cursor.bytes, cursor.limit);
  cursor.position = position + 1;
  return cursor.bytes[position]!;
}

/** The error of a message whose name ends with the frame, at `limit`. */
export function noArgumentCount(cursor: Cursor, bytes: Buffer, limit: number): SpopError {
  cursor.moveTo(bytes, limit, limit, cursor.origin);
  return cursor.truncated(limit, 'a message without its number of arguments');
}
