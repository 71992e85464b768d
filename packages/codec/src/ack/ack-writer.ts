import { DataType, FrameFlag, FrameType, LENGTH_BYTES as LENGTH_BYTES_, SCOPE_NAMES } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { FRAME_HEADER_BYTES as FRAME_HEADER_BYTES_, FrameBody } from '../frames/frame-body.ts';
import { copyBytes, copyRange, frameFull, mostBytes, writeTypedData } from '../values/typed-data-writer.ts';
import { NO_BYTES } from '../wire/cursor.ts';
import { writeSmallVarint } from '../wire/varint.ts';
import { WordViewCache, NO_WORD_VIEW } from '../wire/word-view.ts';
import type { Variable } from './variable.ts';

/** The ids of the NOTIFY that an ACK answers, as bytes: a Frame or a Notify. */
export interface IdSource {
  readonly bytes: Buffer;
  readonly idsStart: number;
  readonly payloadStart: number;
}

/** Where an ACK goes on that outgrows the memory in which it was begun. @internal */
export interface AckRoom {
  /** How long it may be, with its length field, in bytes. */
  readonly maxAckBytes: number;
  /** Copies the ACK, which goes from `start` to `end` of `bytes`, to memory of `size` bytes or more, and returns that. */
  moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer;
}

/** What an answer to a NOTIFY can do to HAProxy's variables (SPOE.txt §3.4). */
export interface Actions {
  /** Bytes that still fit. */
  readonly remainingBytes: number;
  /**
   * Sets a variable.
   *
   * @throws {SpopError} SPOP_INVALID_VALUE, SPOP_FRAME_FULL: the action was not written; SPOP_VIEW_CLOSED after the
   * ACK was ended.
   */
  set<Write>(variable: Variable<Write>, value: Write): this;
  /** Sets a variable to NULL, which HAProxy treats as unset. @throws {SpopError} as `set`. */
  setNull(variable: Variable<never>): this;
  /** Unsets a variable. @throws {SpopError} as `set`. */
  unset(variable: Variable<never>): this;
  /** Takes all actions back. */
  reset(): this;
}

/** The payload of an ACK without actions: HAProxy 3.1.0 waits for ever for an empty one. */
const NO_ACTION = 0;
// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `ack without actions`).
const FRAME_HEADER_BYTES = FRAME_HEADER_BYTES_;
const LENGTH_BYTES = LENGTH_BYTES_;
/** Type and flags of an ACK: the first four of those five bytes, and the last. */
const TYPE_AND_FLAGS = FrameType.Ack << 24;
const FIN = FrameFlag.Fin;

/** In the place of a limit: no ACK is open. An ACK that has no memory yet ends at 0. */
const CLOSED = -1;

/** What a type and a varint below 2^31 take at most. */
const SMALL_INTEGER_BYTES = 6;

/** Shared, since all ACKs of a batch stand in one buffer. */
const outputWordViews: WordViewCache = new WordViewCache();

/**
 * Writes one ACK after the other (SPOE.txt §3.2.7), into buffers that the caller provides:
 *
 *     ack.beginAck(buffer, position, limit, frame);
 *     ack.set(ipScore, 100);
 *     position = ack.end();
 *
 * The ids are copied from the NOTIFY as the bytes they came as, never decoded.
 */
export class AckWriter extends FrameBody implements Actions {
  #payloadStart: number = 0;
  /** The bytes as words; {@link NO_WORD_VIEW} in an ACK that was moved, whose memory is used once. */
  #wordView: DataView = NO_WORD_VIEW;
  /** Where it goes on, where its memory ends before its limit. */
  #room: AckRoom | undefined;
  /** Where its actions have to end, or its memory does. None fits before {@link CLOSED}: whether an ACK is open is asked only where there is no room. */
  #end: number = CLOSED;

  /**
   * Begins the ACK of `notify` at `position` of `bytes`; it has to end by `limit`.
   *
   * @throws {SpopError} SPOP_FRAME_FULL where the header does not fit.
   */
  beginAck(bytes: Buffer, position: number, limit: number, notify: IdSource): void {
    // An ACK that does not even begin is not to be written to.
    this.#end = CLOSED;
    const { bytes: from, idsStart, payloadStart } = notify;
    let to = position + FRAME_HEADER_BYTES;
    // One byte more than the ids, so that an ACK without actions always has room for its payload.
    if (limit > bytes.length || payloadStart - idsStart >= limit - to) {
      throw frameFull(position, Math.min(limit, bytes.length), FRAME_HEADER_BYTES + payloadStart - idsStart + 1);
    }
    if (this.bytes !== bytes || this.#wordView === NO_WORD_VIEW) {
      this.bytes = bytes;
      this.#wordView = outputWordViews.of(bytes);
    }
    this.#wordView.setInt32(position + 4, TYPE_AND_FLAGS);
    bytes[position + 8] = FIN;
    for (let i = idsStart; i < payloadStart; i++) bytes[to++] = from[i]!;
    this.start = position;
    this.limit = limit;
    this.position = to;
    this.#payloadStart = to;
    this.#end = limit;
  }

  set<Write>(variable: Variable<Write>, value: Write): this {
    const position = this.#writeSetPrefix(variable);
    const { bytes } = this;
    const limit = this.#end;
    const { integerType } = variable;
    // Scores and their like are written here, where V8 inlines it (benchmarks `ack two set-vars` and `load`).
    if (
      integerType !== 0 &&
      typeof value === 'number' &&
      value === (value | 0) &&
      value >= 0 &&
      limit - position > SMALL_INTEGER_BYTES
    ) {
      bytes[position] = integerType;
      this.position = writeSmallVarint(bytes, position + 1, value);
    } else if (limit === this.limit) {
      this.position = writeValue(bytes, position, limit, variable, value);
    } else {
      this.#writeGrowing(position, variable, value);
    }
    return this;
  }

  setNull(variable: Variable<never>): this {
    let position = this.#writeSetPrefix(variable);
    if (position >= this.#end) position = this.#grow(position, 1, variable.setPrefix);
    this.bytes[position] = DataType.Null;
    this.position = position + 1;
    return this;
  }

  unset(variable: Variable<never>): this {
    this.position = this.#writePrefix(variable.unsetAction);
    return this;
  }

  reset(): this {
    if (this.#end === CLOSED) throw ackEnded();
    this.position = this.#payloadStart;
    return this;
  }

  /** Ends the ACK and returns the offset behind it. One without actions gets a payload of one byte 00. */
  override end(): number {
    if (this.#end === CLOSED) throw ackEnded();
    this.#end = CLOSED;
    if (this.position === this.#payloadStart) this.bytes[this.position++] = NO_ACTION;
    const { position, start } = this;
    if (this.#wordView === NO_WORD_VIEW) return super.end();
    this.#wordView.setInt32(start, position - start - LENGTH_BYTES);
    return position;
  }

  /** @internal Ends an ACK that stands in memory of its own, copies it to `position` of `target` and returns its length. */
  endTo(target: Buffer, position: number): number {
    const end = this.end();
    copyRange(this.bytes, this.start, end, target, position);
    // Whose memory it is may give it to somebody else.
    this.bytes = NO_BYTES;
    return end - this.start;
  }

  /**
   * Copies the ACK begun so far to `position` of `target`, the beginning by default, where it has to end by `limit`, and
   * goes on writing there.
   *
   * @throws {SpopError} SPOP_FRAME_FULL where it does not fit; SPOP_VIEW_CLOSED after the ACK was ended.
   */
  moveTo(target: Buffer, limit: number, position: number = 0): void {
    if (this.#end === CLOSED) throw ackEnded();
    const size = this.byteLength;
    // Without actions there has to be room for the payload that `end` gives it.
    const needed = this.position === this.#payloadStart ? size + 1 : size;
    const room = Math.min(limit, target.length) - position;
    if (needed > room || limit > target.length) throw frameFull(0, room, needed);
    copyRange(this.bytes, this.start, this.position, target, position);
    this.#standOn(target, position, limit);
    this.limit = limit;
  }

  /** @internal Begins actions without a header, and without memory before the first; {@link AckWriter.takeActions} moves them. */
  beginActions(room: AckRoom): void {
    this.bytes = NO_BYTES;
    this.#wordView = NO_WORD_VIEW;
    this.start = 0;
    this.position = 0;
    this.#payloadStart = 0;
    this.#room = room;
    this.limit = room.maxAckBytes;
    this.#end = 0;
  }

  /** @internal Where the actions begin, from the beginning of the ACK. */
  get actionsOffset(): number {
    return this.#payloadStart - this.start;
  }

  /** @internal Changes where the actions begin that `reset` takes back and {@link AckWriter.takeActions} moves. */
  beginActionsAt(offset: number): void {
    this.#payloadStart = this.start + offset;
  }

  /** @internal Moves the actions of another ACK to the end of this one, and returns their length. @throws {SpopError} as `set`. */
  takeActions(other: AckWriter): number {
    if (this.#end === CLOSED) throw ackEnded();
    const start = other.#payloadStart;
    const size = other.position - start;
    other.position = start;
    // What the other one has no longer may be here.
    if (this.#room !== undefined) this.mayGrow(this.#room);
    let { position } = this;
    if (size > this.#end - position) position = this.#grow(position, size, other.bytes.subarray(start));
    copyRange(other.bytes, start, start + size, this.bytes, position);
    this.position = position + size;
    return size;
  }

  /** @internal Lets the ACK that was begun grow beyond its memory, up to `room.maxAckBytes`. */
  mayGrow(room: AckRoom): void {
    this.#room = room;
    this.limit = this.start + room.maxAckBytes;
    if (this.limit < this.#end) this.#end = this.limit;
  }

  /** Goes on in a copy, which begins at `start` of `bytes`, whose memory ends at `end`. */
  #standOn(bytes: Buffer, start: number, end: number): void {
    const distance = start - this.start;
    this.bytes = bytes;
    this.#wordView = NO_WORD_VIEW;
    this.start = start;
    this.position += distance;
    this.limit += distance;
    this.#payloadStart += distance;
    this.#end = end;
  }

  /**
   * Makes room for `size` bytes behind `position`, up to which the ACK was written, and returns where that is then.
   *
   * @param action What is being written begins so, for the error.
   * @throws {SpopError} SPOP_FRAME_FULL where the ACK may not be so long; SPOP_VIEW_CLOSED after it was ended.
   */
  #grow(position: number, size: number, action: Buffer): number {
    if (this.#end === CLOSED) throw named(action, ackEnded());
    const room = this.#room;
    if (room === undefined || size > this.limit - position) {
      throw named(action, frameFull(position, this.limit, size));
    }
    const { start } = this;
    const bytes = room.moveAck(this.bytes, start, position, position + size - start);
    this.#standOn(bytes, 0, Math.min(bytes.length, this.limit - start));
    return position - start;
  }

  /** Writes a value behind `position`, growing before it where there may be too little room. */
  #writeGrowing<Write>(position: number, variable: Variable<Write>, value: Write): void {
    const size = Math.min(mostBytes(value), this.limit - position);
    const start = size > this.#end - position ? this.#grow(position, size, variable.setPrefix) : position;
    this.position = writeValue(this.bytes, start, this.#end, variable, value);
  }

  /** Writes a set-var up to its value, and what the last word is filled up with where that fits. */
  #writeSetPrefix(variable: Variable<never>): number {
    const { position } = this;
    const wordView = this.#wordView;
    const { setPrefix, setWords } = variable;
    if (wordView === NO_WORD_VIEW || 4 * setWords.length > this.#end - position) return this.#writePrefix(setPrefix);
    for (let i = 0; i < setWords.length; i++) wordView.setInt32(position + 4 * i, setWords[i]!);
    return position + setPrefix.length;
  }

  #writePrefix(prefix: Buffer): number {
    let { position } = this;
    if (prefix.length > this.#end - position) position = this.#grow(position, prefix.length, prefix);
    return copyBytes(this.bytes, position, prefix);
  }
}

/** {@link writeTypedData} of a variable's value, which its errors name. */
function writeValue<Write>(
  bytes: Buffer,
  position: number,
  limit: number,
  variable: Variable<Write>,
  value: Write,
): number {
  try {
    return writeTypedData(bytes, position, limit, variable.kind, value);
  } catch (error) {
    throw error instanceof SpopError ? named(variable.setPrefix, error) : error;
  }
}

/** The error with the variable that an action is about, which `action` has after its type, NB-ARGS, scope and name's length. */
function named(action: Buffer, { code, reason, offset }: SpopError): SpopError {
  const variable = `${SCOPE_NAMES[action[2]!]}.${action.toString('latin1', 4)}`;
  return new SpopError(code, `${reason} (variable ${variable})`, offset);
}

function ackEnded(): SpopError {
  return new SpopError(
    'SPOP_VIEW_CLOSED',
    'expected actions before the ACK is ended, which an agent does when the handler settles; found a later one',
  );
}
