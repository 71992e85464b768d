import { SpopError } from '../errors.ts';
import { type Frame, IDS_OFFSET, readSafeId } from '../frames/frame.ts';
import { Value } from '../values/value.ts';
import { ViewSource, viewClosed } from '../values/view-source.ts';
import { Cursor } from '../wire/cursor.ts';
import { readLengthAt } from '../wire/varint.ts';
import type { ArgumentTypes, MessageDefinition } from './message-definition.ts';
import { MessageReader, noArgumentCount } from './message-reader.ts';
import { MessageState, type MessageView } from './message-view.ts';
import { NameTable } from './name-table.ts';

/** How many messages of one name in a NOTIFY have states that are kept for the next one. */
const MAX_REUSED_STATES = 8;

/**
 * How much the views of repeated messages take at most in one NOTIFY: a message is one place, and so is each argument
 * that it declares. HAProxy never repeats any, and three bytes on the wire are a message with all its arguments.
 */
const MAX_REPEATED_PLACES = 32_768;
/** About what a place takes. */
const PLACE_BYTES = 256;

/** Shared: a NOTIFY is read in one go. */
const cursor: Cursor = new Cursor();

/** Told of the first message of a definition, and the names of its arguments as they came. */
export type FirstMessageListener = (definition: MessageDefinition, names: readonly string[]) => void;

/** The messages that a NOTIFY is searched for, with their names as one table: made once, shared by all NOTIFYs. */
export class MessageSet {
  declare readonly definitions: readonly MessageDefinition[];
  /** @internal */
  declare readonly table: NameTable;
  /** @internal Told once of each definition, while a NOTIFY is read; undefined where all have come, or nobody asks. */
  onFirst: FirstMessageListener | undefined = undefined;
  /** Indexes of the definitions of which `onFirst` was told. */
  readonly #seen: Set<number> = new Set();

  /** @throws {SpopError} SPOP_INVALID_NAME where two definitions have the same name. */
  constructor(definitions: readonly MessageDefinition[]) {
    this.definitions = definitions;
    this.table = new NameTable(definitions.map((definition) => definition.name));
  }

  /** @internal A message of definition `index` begins at `position` of the open source; one that is malformed has not come. */
  noteMessage(index: number, source: ViewSource, position: number): void {
    const { onFirst } = this;
    if (onFirst === undefined || this.#seen.has(index)) return;
    const names = argumentNamesAt(source, position);
    if (names === undefined) return;
    this.#seen.add(index);
    if (this.#seen.size === this.definitions.length) this.onFirst = undefined;
    onFirst(this.definitions[index]!, names);
  }
}

/** The names of the arguments of the message at `position`; undefined where it is malformed, which whoever reads it finds. */
function argumentNamesAt(source: ViewSource, position: number): string[] | undefined {
  const reader = new MessageReader(source);
  const names: string[] = [];
  reader.readFrom(position);
  try {
    reader.next();
    while (reader.nextArgument()) names.push(reader.argumentName.toString());
  } catch (error) {
    if (error instanceof SpopError) return undefined;
    throw error;
  }
  return names;
}

/**
 * The messages of one NOTIFY frame (SPOE.txt §3.2.6). Reused for frame after frame: `read` validates the whole payload
 * and finds the declared messages and arguments in one pass, and the views read the frame's own bytes until `close`.
 */
export class Notify {
  readonly #set: MessageSet;
  readonly #source: ViewSource = new ViewSource();
  /** Stands on the arguments of undeclared messages, one after the other. */
  readonly #skipped: Value = new Value(this.#source);
  /** The reused states of each definition, by its index in the set: more than one where a NOTIFY has a message again. */
  readonly #states: MessageState[][];
  /** The declared messages of this NOTIFY in the order they came; the first `#count` count. */
  readonly #found: MessageState[] = [];
  #count: number = 0;
  /** How many places the states in `#found` have that are not reused. */
  #extraPlaces: number = 0;
  /** Offset of the payload from the frame's length field. */
  #payloadStart: number = 0;
  #walker: MessageReader | undefined;

  constructor(set: MessageSet) {
    this.#set = set;
    this.#states = set.definitions.map((definition, index) => [new MessageState(definition, index, this.#source)]);
  }

  /** Whether a frame was read and not closed. */
  get isOpen(): boolean {
    return this.#source.isOpen;
  }

  /** How many declared messages the NOTIFY has. */
  get messageCount(): number {
    return this.#count;
  }

  /** @internal The bytes that the frame stands in. @throws {SpopError} SPOP_VIEW_CLOSED: its ids are gone then. */
  get bytes(): Buffer {
    if (!this.#source.isOpen) throw viewClosed();
    return this.#source.bytes;
  }

  /** @internal Offset of the stream-id; both ids go up to {@link Notify.payloadStart}. */
  get idsStart(): number {
    return this.#source.origin + IDS_OFFSET;
  }

  /** @internal */
  get payloadStart(): number {
    return this.#source.origin + this.#payloadStart;
  }

  /** The stream-id. @throws {SpopError} SPOP_UNSAFE_INTEGER above 2^53 - 1, SPOP_VIEW_CLOSED. */
  get streamId(): number {
    return readSafeId(this.bytes, this.idsStart, this.payloadStart, 0);
  }

  /** The frame-id. @throws {SpopError} as streamId. */
  get frameId(): number {
    return readSafeId(this.bytes, this.idsStart, this.payloadStart, 1);
  }

  /**
   * Reads a NOTIFY frame; what was read before is closed.
   *
   * @throws {SpopError} what is malformed in the payload: SPOP_TRUNCATED, SPOP_VARINT_OVERFLOW, SPOP_RESERVED_TYPE,
   * SPOP_INTEGER_RANGE or SPOP_TOO_MANY_MESSAGES. Nothing is open then.
   */
  read(frame: Frame): void {
    const { bytes, wordView, start, end, payloadStart } = frame;
    this.#source.open(bytes, start, end);
    this.#count = 0;
    if (this.#extraPlaces > 0) this.#dropExtraStates();
    this.#payloadStart = payloadStart - start;
    cursor.origin = start;
    try {
      this.#readMessages(bytes, wordView, payloadStart, end);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]        (SPOE.txt §3.2)
   *
   * The message that stood at a place last time is tried first there: HAProxy sends the same ones again and again. The
   * position is a local variable, here and where the arguments are read: a cursor is written to and read from memory for
   * each name and value (benchmark `decode tiny`).
   */
  #readMessages(bytes: Buffer, wordView: DataView, start: number, limit: number): void {
    let position = start;
    while (position < limit) {
      let state = this.#found[this.#count];
      let end = state === undefined ? -1 : state.name.endAt(wordView, position, limit);
      if (end >= 0 && state!.begin()) {
        this.#count++;
      } else {
        const length = readLengthAt(cursor, bytes, position, limit);
        end = cursor.position + length;
        state = this.#find(bytes, position, cursor.position, length);
      }
      if (end >= limit) throw noArgumentCount(cursor, bytes, limit);
      const count = bytes[end]!;
      position =
        state === undefined
          ? this.#argumentsEnd(bytes, end + 1, limit, count)
          : state.read(cursor, bytes, wordView, end + 1, limit, count);
    }
  }

  /** The state for the message at `position`, whose name is at `start`, or undefined where it is not declared. */
  #find(bytes: Buffer, position: number, start: number, length: number): MessageState | undefined {
    const index = this.#set.table.find(bytes, start, length);
    if (index < 0) return undefined;
    // Once for each definition; where a NOTIFY has the message at the same place again, this is not asked.
    if (this.#set.onFirst !== undefined) this.#set.noteMessage(index, this.#source, position);
    return this.#add(index);
  }

  /** The view of the `index`th declared message, 0 to `messageCount` - 1. */
  messageAt(index: number): MessageView<ArgumentTypes> {
    return this.#stateAt(index).view;
  }

  /** Which definition of the set the `index`th declared message has. */
  definitionIndexAt(index: number): number {
    return this.#stateAt(index).index;
  }

  /** The view of the first message of that definition, or undefined where the NOTIFY has none. */
  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    if (!this.#source.isOpen) throw viewClosed();
    for (let i = 0; i < this.#count; i++) {
      const state = this.#found[i]!;
      if (state.definition !== (definition as MessageDefinition)) continue;
      // The definition is the view's own, and so are its types.
      return state.view as MessageView<Args>;
    }
    return undefined;
  }

  /** A walker over all messages as they came, declared or not, that stands before the first: one per NOTIFY, reused. */
  walk(): MessageReader {
    if (!this.#source.isOpen) throw viewClosed();
    this.#walker ??= new MessageReader(this.#source);
    this.#walker.readFrom(this.payloadStart);
    return this.#walker;
  }

  /**
   * Copies the frame to the beginning of `target`, and reads from there from now on: for a handler that outlives the
   * chunk. All views stay valid, and a walk goes on where it is. Returns how many bytes it took.
   *
   * @throws {RangeError} where `target` is smaller than the frame.
   * @throws {SpopError} SPOP_VIEW_CLOSED.
   */
  moveTo(target: Buffer): number {
    const { bytes } = this;
    const source = this.#source;
    const { origin, limit } = source;
    const size = limit - origin;
    if (size > target.length) throw new RangeError(`expected room for ${size} bytes; found ${target.length}`);
    bytes.copy(target, 0, origin, limit);
    source.moveTo(target, 0, size);
    this.#walker?.moveBy(-origin);
    return size;
  }

  /** The size of the frame with its length field, in bytes: what {@link Notify.moveTo} needs; 0 after `close`. */
  get byteLength(): number {
    return this.#source.isOpen ? this.#source.limit - this.#source.origin : 0;
  }

  /** @internal Bytes of memory that the views of repeated messages take, about; 0 in all that HAProxy sends. */
  get repeatedBytes(): number {
    return this.#extraPlaces * PLACE_BYTES;
  }

  /** Ends all views: from now on they throw SPOP_VIEW_CLOSED. */
  close(): void {
    this.#source.close();
    this.#count = 0;
    if (this.#extraPlaces > 0) this.#dropExtraStates();
  }

  #stateAt(index: number): MessageState {
    const state = index < this.#count ? this.#found[index] : undefined;
    if (state === undefined) {
      throw new SpopError('SPOP_MISUSE', `expected a message index below ${this.#count}; found ${index}`);
    }
    return state;
  }

  #dropExtraStates(): void {
    this.#found.length = 0;
    this.#extraPlaces = 0;
  }

  /** The state for one more message of definition `index`: each further one of the same name gets one of its own. */
  #add(index: number): MessageState {
    const states = this.#states[index]!;
    let place = 0;
    while (place < states.length && !states[place]!.begin()) place++;
    const state = states[place] ?? this.#addState(states, index);
    this.#found[this.#count++] = state;
    return state;
  }

  #addState(states: MessageState[], index: number): MessageState {
    const definition = this.#set.definitions[index]!;
    const state = new MessageState(definition, index, this.#source);
    state.begin();
    if (states.length < MAX_REUSED_STATES) {
      states.push(state);
    } else {
      this.#extraPlaces += 1 + definition.argumentNames.length;
      if (this.#extraPlaces > MAX_REPEATED_PLACES) throw tooManyMessages(definition.name, this.#count);
    }
    return state;
  }

  /** Validates the `count` arguments of an undeclared message at `start` and returns the offset behind them. */
  #argumentsEnd(bytes: Buffer, start: number, limit: number, count: number): number {
    let position = start;
    for (let i = 0; i < count; i++) {
      const length = readLengthAt(cursor, bytes, position, limit);
      position = this.#skipped.read(cursor, bytes, cursor.position + length, limit);
    }
    return position;
  }
}

function tooManyMessages(name: string, count: number): SpopError {
  return new SpopError(
    'SPOP_TOO_MANY_MESSAGES',
    `expected declared messages and their arguments to be at most ${MAX_REPEATED_PLACES} in a NOTIFY that repeats them; ` +
      `found more behind ${count} messages, with '${name}'`,
    cursor.position - cursor.origin,
  );
}
