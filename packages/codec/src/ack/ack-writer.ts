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
  /** The bytes that contain the NOTIFY. */
  readonly bytes: Buffer;
  /** Offset of the stream-id, which the frame-id follows. */
  readonly idsStart: number;
  /** Offset after both ids. */
  readonly payloadStart: number;
}

/** More memory for an ACK that outgrows the memory in which it was begun. @internal */
export interface AckRoom {
  /** The longest ACK, with its length field, in bytes. */
  readonly maxAckBytes: number;
  /** Copies the ACK, which is from `start` to `end` of `bytes`, to memory of at least `size` bytes, and returns that memory. */
  moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer;
}

/** The actions on HAProxy's variables that answer a NOTIFY (SPOE.txt §3.4). */
export interface Actions {
  /** Bytes that still fit. */
  readonly remainingBytes: number;
  /**
   * Sets a variable.
   *
   * @throws {SpopError} SPOP_INVALID_VALUE or SPOP_FRAME_FULL, and the action is not written; SPOP_VIEW_CLOSED after the ACK has
   * ended.
   */
  set<Write>(variable: Variable<Write>, value: Write): this;
  /** Sets a variable to NULL, which HAProxy treats as unset. @throws {SpopError} as `set`. */
  setNull(variable: Variable<never>): this;
  /** Unsets a variable. @throws {SpopError} as `set`. */
  unset(variable: Variable<never>): this;
  /** Drops all actions. @throws {SpopError} SPOP_VIEW_CLOSED after the ACK has ended. */
  reset(): this;
}

/** The payload of an ACK without actions: HAProxy 3.1.0 waits for ever for an empty one. */
const NO_ACTION = 0;
// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `ack without actions`).
const FRAME_HEADER_BYTES = FRAME_HEADER_BYTES_;
const LENGTH_BYTES = LENGTH_BYTES_;
/** The type and the first three bytes of the flags of an ACK; {@link FIN} is the last byte of the flags. */
const TYPE_AND_FLAGS = FrameType.Ack << 24;
const FIN = FrameFlag.Fin;

/** The end while no ACK is open. An ACK without memory ends at 0. */
const CLOSED = -1;

/** The most bytes of a type and a varint below 2^31. */
const SMALL_INTEGER_BYTES = 6;

/** Shared, since all ACKs of a batch are in one buffer. */
const outputWordViews: WordViewCache = new WordViewCache();

/**
 * Writes one ACK after the other (SPOE.txt §3.2.7), into buffers that the caller provides:
 *
 *     ack.beginAck(buffer, position, limit, frame);
 *     ack.set(ipScore, 100);
 *     position = ack.end();
 *
 * The ids are copied from the NOTIFY's bytes, never decoded.
 */
export class AckWriter extends FrameBody implements Actions {
  #payloadStart: number = 0;
  /** The bytes as words; {@link NO_WORD_VIEW} for an ACK that was moved, whose memory is used once. */
  #wordView: DataView = NO_WORD_VIEW;
  /** More memory, for an ACK whose memory ends before its limit. */
  #room: AckRoom | undefined;
  /**
   * The limit of its actions, or the end of its memory. While no ACK is open it is {@link CLOSED}, so the check for room also
   * catches late actions.
   */
  #end: number = CLOSED;

  /**
   * Begins the ACK of `notify` at `position` of `bytes`; it has to end at `limit` or before.
   *
   * @throws {SpopError} SPOP_FRAME_FULL when the header does not fit.
   */
  beginAck(bytes: Buffer, position: number, limit: number, notify: IdSource): void {
    // If the header does not fit, no ACK is open.
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

  /** {@inheritDoc Actions.set} */
  set<Write>(variable: Variable<Write>, value: Write): this {
    const position = this.#writeSetPrefix(variable);
    const { bytes } = this;
    const limit = this.#end;
    const { integerType } = variable;
    // Small integers, such as scores, are written here, where V8 inlines it (benchmarks `ack two set-vars` and `load`).
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

  /** {@inheritDoc Actions.setNull} */
  setNull(variable: Variable<never>): this {
    let position = this.#writeSetPrefix(variable);
    if (position >= this.#end) position = this.#grow(position, 1, variable.setPrefix);
    this.bytes[position] = DataType.Null;
    this.position = position + 1;
    return this;
  }

  /** {@inheritDoc Actions.unset} */
  unset(variable: Variable<never>): this {
    this.position = this.#writePrefix(variable.unsetAction);
    return this;
  }

  /** {@inheritDoc Actions.reset} */
  reset(): this {
    if (this.#end === CLOSED) throw ackEnded();
    this.position = this.#payloadStart;
    return this;
  }

  /**
   * Ends the ACK and returns the offset after it. An ACK without actions gets a payload of one byte 00. @throws {SpopError}
   * SPOP_VIEW_CLOSED after it has ended.
   */
  override end(): number {
    if (this.#end === CLOSED) throw ackEnded();
    this.#end = CLOSED;
    if (this.position === this.#payloadStart) this.bytes[this.position++] = NO_ACTION;
    const { position, start } = this;
    if (this.#wordView === NO_WORD_VIEW) return super.end();
    this.#wordView.setInt32(start, position - start - LENGTH_BYTES);
    return position;
  }

  /** @internal Ends an ACK that has memory of its own, copies it to `position` of `target`, and returns its length in bytes. */
  endTo(target: Buffer, position: number): number {
    const end = this.end();
    copyRange(this.bytes, this.start, end, target, position);
    // The owner of the memory may reuse it.
    this.bytes = NO_BYTES;
    return end - this.start;
  }

  /**
   * Copies the ACK so far to `position` of `target`, the beginning by default, and goes on writing there; it has to end at
   * `limit` or before.
   *
   * @throws {SpopError} SPOP_FRAME_FULL when it does not fit; SPOP_VIEW_CLOSED after the ACK has ended.
   */
  moveTo(target: Buffer, limit: number, position: number = 0): void {
    if (this.#end === CLOSED) throw ackEnded();
    const size = this.byteLength;
    // An ACK without actions needs room for the payload that `end` writes.
    const needed = this.position === this.#payloadStart ? size + 1 : size;
    const room = Math.min(limit, target.length) - position;
    if (needed > room || limit > target.length) throw frameFull(0, room, needed);
    copyRange(this.bytes, this.start, this.position, target, position);
    this.#standOn(target, position, limit);
    this.limit = limit;
  }

  /**
   * @internal Begins actions without a header, and without memory before the first action; {@link AckWriter.takeActions} moves
   * them.
   */
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

  /** @internal Offset of the actions from the beginning of the ACK. */
  get actionsOffset(): number {
    return this.#payloadStart - this.start;
  }

  /** @internal Sets the offset of the actions that `reset` drops and {@link AckWriter.takeActions} moves. */
  beginActionsAt(offset: number): void {
    this.#payloadStart = this.start + offset;
  }

  /** @internal Moves the actions of another ACK to the end of this one, and returns their length. @throws {SpopError} as `set`. */
  takeActions(other: AckWriter): number {
    if (this.#end === CLOSED) throw ackEnded();
    const start = other.#payloadStart;
    const size = other.position - start;
    other.position = start;
    // The bytes that the other ACK has given up may be used here.
    if (this.#room !== undefined) this.mayGrow(this.#room);
    let { position } = this;
    if (size > this.#end - position) position = this.#grow(position, size, other.bytes.subarray(start));
    copyRange(other.bytes, start, start + size, this.bytes, position);
    this.position = position + size;
    return size;
  }

  /** @internal Lets the ACK grow beyond its memory, up to `room.maxAckBytes`. */
  mayGrow(room: AckRoom): void {
    this.#room = room;
    this.limit = this.start + room.maxAckBytes;
    if (this.limit < this.#end) this.#end = this.limit;
  }

  /** Goes on in a copy, which begins at `start` of `bytes` and whose memory ends at `end`. */
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
   * Makes room for `size` bytes at `position`, where the ACK ends so far, and returns that place in the new memory.
   *
   * @param action The beginning of the action that is being written, for the error.
   * @throws {SpopError} SPOP_FRAME_FULL when the ACK would exceed its limit; SPOP_VIEW_CLOSED after it has ended.
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

  /** Writes a value at `position`, after growing if the room may be too small. */
  #writeGrowing<Write>(position: number, variable: Variable<Write>, value: Write): void {
    const size = Math.min(mostBytes(value), this.limit - position);
    const start = size > this.#end - position ? this.#grow(position, size, variable.setPrefix) : position;
    this.position = writeValue(this.bytes, start, this.#end, variable, value);
  }

  /** Writes a set-var up to its value, in whole words if they fit: the last one may write zeros after it. */
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

/** {@link writeTypedData} of a variable's value; its errors name the variable. */
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

/** The error with the variable's name, which `action` has after its type, NB-ARGS, scope and the name's length. */
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
