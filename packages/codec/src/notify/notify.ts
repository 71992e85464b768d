import { SpopError } from '../errors.ts';
import { type Frame, IDS_OFFSET, readSafeId } from '../frames/frame.ts';
import { copyRange } from '../values/typed-data-writer.ts';
import { ValueView } from '../values/value.ts';
import { NO_GENERATION, ViewSource, viewClosed } from '../values/view-source.ts';
import { Cursor } from '../wire/cursor.ts';
import { readLengthAt } from '../wire/varint.ts';
import type { ArgumentTypes, MessageDefinition } from './message-definition.ts';
import { MessageReader, noArgumentCount } from './message-reader.ts';
import { MessageState, type MessageView } from './message-view.ts';
import { NamePattern } from './name-pattern.ts';
import { NameTable } from './name-table.ts';
import { OneTimeMessage } from './one-time-message.ts';

/** `get` compares up to four messages with the definition, and looks it up when there are more. */
const MAX_COMPARED = 4;
/** The most states of one message name that are kept for the next NOTIFY. */
const MAX_REUSED_STATES = 8;

/**
 * The most places of repeated messages in one NOTIFY: a message counts one place, and each argument that it declares another.
 * HAProxy never repeats a message. A peer can: three bytes on the wire are a message, whose view has all declared arguments.
 */
const MAX_REPEATED_PLACES = 32_768;
/** The most memory of a message's view, and of each argument that it declares (the agent's memory.test.ts measures it). */
const MESSAGE_BYTES = 512;
const ARGUMENT_BYTES = 256;

const NO_STATES: readonly MessageState[] = [];

/** The name pattern of a repeated message, which is found nowhere. */
const UNEXPECTED = new NamePattern(Buffer.alloc(0), false);

/** Shared, since each NOTIFY is read without interruption. */
const cursor: Cursor = new Cursor();

/** Called with the definition of a first message, and the names of its arguments as they came. */
export type FirstMessageListener = (definition: MessageDefinition, names: readonly string[]) => void;

/** The declared messages that are found in a NOTIFY, with a table of their names. Make it once, and share it among all NOTIFYs. */
export class MessageSet {
  /** The definitions in the order in which they were given. */
  declare readonly definitions: readonly MessageDefinition[];
  /** @internal */
  declare readonly table: NameTable;
  /** @internal Called once for each definition, while a NOTIFY is read; undefined when all have come, or without a listener. */
  onFirst: FirstMessageListener | undefined = undefined;
  /** Indexes of the definitions for which `onFirst` was called. */
  readonly #seen: Set<number> = new Set();
  readonly #indexes: Map<MessageDefinition, number>;

  /** @throws {SpopError} SPOP_INVALID_NAME when two definitions have the same name. */
  constructor(definitions: readonly MessageDefinition[]) {
    this.definitions = definitions;
    this.table = new NameTable(definitions.map((definition) => definition.name));
    this.#indexes = new Map(definitions.map((definition, index) => [definition, index]));
  }

  /** @internal The index of the definition in the set, or undefined. */
  indexOf(definition: MessageDefinition): number | undefined {
    return this.#indexes.get(definition);
  }

  /** @internal A message of definition `index` begins at `position` of the source. A malformed message does not count. */
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

/** The names of the arguments of the message at `position`; undefined when it is malformed, which reading it reports. */
function argumentNamesAt({ bytes, origin, limit }: ViewSource, position: number): string[] | undefined {
  const source = new ViewSource();
  source.open(bytes, origin, limit);
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
 * The messages of one NOTIFY frame (SPOE.txt §3.2.6). Reuse it for frame after frame: `read` validates the whole payload and
 * finds the declared messages and arguments in one pass, and the views read the frame's own bytes until `close`.
 */
export class Notify {
  // The fields that each frame needs come first, to lie in few lines of the processor's cache (benchmark `tiny through a socket`).
  readonly #source: ViewSource = new ViewSource();
  /** The source of the present views: of the reused ones, or of those for one NOTIFY. */
  #current: ViewSource = this.#source;
  /** The declared messages of this NOTIFY in their order; only the first `#count` are valid. */
  readonly #found: MessageState[] = [];
  #count: number = 0;
  /** Whether closing takes more than closing the reused views: for views of one NOTIFY, or states that are not reused. */
  #hasMore: boolean = false;
  /** The places of the states in `#found` that are not reused. */
  #extraPlaces: number = 0;
  /** Offset of the payload from the frame's length field. */
  #payloadStart: number = 0;
  readonly #set: MessageSet;
  /** Reads the arguments that are skipped. */
  readonly #skipped: ValueView = new ValueView(this.#source);
  /**
   * The reused states of each definition, by its index in the set. They are made when a NOTIFY first has the message, and a
   * further one when a NOTIFY repeats it.
   */
  readonly #states: (readonly MessageState[])[];
  /** The most bytes of memory that the reused states hold. */
  #reusedBytes: number = 0;
  /** The most bytes of memory that the other states hold. */
  #extraBytes: number = 0;
  #walker: MessageReader | undefined;
  /** The generation of the reused views' source in which the messages were found, for views of one NOTIFY. */
  #oneTimeGeneration: number = NO_GENERATION;

  constructor(set: MessageSet) {
    this.#set = set;
    this.#states = set.definitions.map(() => NO_STATES);
  }

  /** Whether a frame was read and not closed. */
  get isOpen(): boolean {
    return this.#current.isOpen;
  }

  /** The number of declared messages in the NOTIFY. */
  get messageCount(): number {
    return this.#count;
  }

  /**
   * The bytes that contain the frame; with `idsStart` and `payloadStart` the `IdSource` of an ACK. @throws {SpopError}
   * SPOP_VIEW_CLOSED.
   */
  get bytes(): Buffer {
    if (!this.#current.isOpen) throw viewClosed();
    return this.#current.bytes;
  }

  /** Offset of the stream-id in `bytes`; both ids end at {@link Notify.payloadStart}. */
  get idsStart(): number {
    return this.#current.origin + IDS_OFFSET;
  }

  /** Offset after both ids. */
  get payloadStart(): number {
    return this.#current.origin + this.#payloadStart;
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
   * Reads a NOTIFY frame; closes the one before.
   *
   *     LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]        (SPOE.txt §3.2)
   *
   * @throws {SpopError} for a malformed payload: SPOP_TRUNCATED, SPOP_VARINT_OVERFLOW, SPOP_RESERVED_TYPE, SPOP_INTEGER_RANGE or
   * SPOP_TOO_MANY_MESSAGES. The NOTIFY is then closed.
   */
  read(frame: Frame): void {
    const { bytes, wordView, start, end: limit, payloadStart } = frame;
    if (this.#hasMore) this.#closeMore();
    this.#count = 0;
    this.#payloadStart = payloadStart - start;
    cursor.origin = start;
    const source = this.#source;
    // An error before `endReading` leaves the source closed, without a `try`, in which V8 compiles slower code.
    source.beginReading(bytes, start, limit);
    const found = this.#found;
    // Local variables, as in `MessageState.read`: a cursor would be written to and read from memory for each name and value
    // (benchmark `decode tiny`).
    let position = payloadStart;
    let count = 0;
    while (position < limit) {
      // Try the message that was at this place in the last NOTIFY first: HAProxy sends the same messages again and again.
      let state = found[count];
      let end = state === undefined ? -1 : state.name.endAt(wordView, position, limit);
      if (end < 0 || !state!.begin()) {
        const length = readLengthAt(cursor, bytes, position, limit);
        end = cursor.position + length;
        state = this.#find(bytes, position, cursor.position, length, count);
      }
      if (end >= limit) throw noArgumentCount(cursor, bytes, limit);
      const argumentCount = bytes[end]!;
      if (state === undefined) {
        position = this.#argumentsEnd(bytes, end + 1, limit, argumentCount);
      } else {
        position = state.read(cursor, bytes, wordView, end + 1, limit, argumentCount);
        count++;
      }
    }
    this.#count = count;
    source.endReading();
  }

  /** The state for the `place`th declared message, at `position` with its name at `start`; undefined for an undeclared one. */
  #find(bytes: Buffer, position: number, start: number, length: number, place: number): MessageState | undefined {
    const index = this.#set.table.find(bytes, start, length);
    if (index < 0) return undefined;
    // Once for each definition; a message at the same place as in the last NOTIFY does not get here.
    if (this.#set.onFirst !== undefined) this.#set.noteMessage(index, this.#source, position);
    const state = this.#stateOf(index, place);
    this.#found[place] = state;
    return state;
  }

  /** The view of the `index`th declared message, 0 to `messageCount` - 1. @throws {SpopError} SPOP_MISUSE for another index. */
  messageAt(index: number): MessageView<ArgumentTypes> {
    return this.viewOf(this.foundAt(index));
  }

  /** The index in the set of the `index`th declared message's definition. @throws {SpopError} as `messageAt`. */
  definitionIndexAt(index: number): number {
    return this.foundAt(index).index;
  }

  /** @internal The state of the `index`th declared message, for {@link Notify.viewOf} (benchmark `tiny through a socket`). */
  foundAt(index: number): MessageState {
    const state = index < this.#count ? this.#found[index] : undefined;
    if (state === undefined) throw noMessage(index, this.#count);
    return state;
  }

  /** @internal The view of a message that was found. */
  viewOf(state: MessageState): MessageView<ArgumentTypes> {
    return this.#current === this.#source ? state.view : this.#oneTimeViewOf(state);
  }

  /** The view of the first message of `definition`; undefined when the NOTIFY has none. @throws {SpopError} SPOP_VIEW_CLOSED. */
  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    const first = this.#found[0];
    // The most frequent case in so little code that V8 inlines it into handlers (benchmark `access realistic`).
    if (this.#count > 0 && !this.#hasMore && first!.definition === (definition as MessageDefinition)) {
      // The definition is the view's own, and so are its types.
      return first!.view as MessageView<Args>;
    }
    return this.#getAny(definition);
  }

  #getAny<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    if (!this.#current.isOpen) throw viewClosed();
    for (let i = 0; i < MAX_COMPARED && i < this.#count; i++) {
      const state = this.#found[i]!;
      if (state.definition === (definition as MessageDefinition)) return this.viewOf(state) as MessageView<Args>;
    }
    return this.#count > MAX_COMPARED ? this.#getFromMany(definition) : undefined;
  }

  /** As `#getAny`, in a time that does not grow with the number of messages. */
  #getFromMany<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    const index = this.#set.indexOf(definition);
    // A NOTIFY's first message of a definition is always in its first state.
    const state = index === undefined ? undefined : this.#states[index]![0];
    if (state === undefined || state.generation !== this.#generation) return undefined;
    return this.viewOf(state) as MessageView<Args>;
  }

  /** A reader of all messages in their order, declared or not. Each call returns the same reader, before the first message. */
  walk(): MessageReader {
    if (!this.#current.isOpen) throw viewClosed();
    this.#walker ??= new MessageReader(this.#current);
    this.#walker.readFrom(this.payloadStart);
    return this.#walker;
  }

  /**
   * Copies the frame to the beginning of `target`, and reads the copy from now on, for a handler that outlives the chunk. All views
   * stay valid, and the reader of `walk` keeps its place. Returns the size of the frame in bytes.
   *
   * @throws {RangeError} when `target` is smaller than the frame.
   * @throws {SpopError} SPOP_VIEW_CLOSED.
   */
  moveTo(target: Buffer): number {
    const { bytes } = this;
    const source = this.#current;
    const { origin, limit } = source;
    const size = limit - origin;
    if (size > target.length) throw new RangeError(`expected room for ${size} bytes; found ${target.length}`);
    copyRange(bytes, origin, limit, target, 0);
    source.moveTo(target, 0, size);
    this.#walker?.moveBy(-origin);
    return size;
  }

  /** The size in bytes of the frame with its length field, which {@link Notify.moveTo} needs; 0 after `close`. */
  get byteLength(): number {
    return this.#current.isOpen ? this.#current.limit - this.#current.origin : 0;
  }

  /** @internal The most bytes of memory that the views of all messages hold, those of earlier frames included. */
  get viewBytes(): number {
    return this.#reusedBytes + this.#extraBytes;
  }

  /**
   * @internal Until `close` all views are new, and stay closed for ever afterwards: for a handler that outlives its call. Earlier
   * views are closed now.
   */
  beginOneTime(): void {
    const { bytes, origin, limit } = this.#source;
    const source = new ViewSource();
    source.open(bytes, origin, limit);
    this.#oneTimeGeneration = this.#source.generation;
    this.#source.close();
    this.#source.letGo();
    this.#current = source;
    this.#walker = undefined;
    this.#hasMore = true;
  }

  /** Closes all views: from now on they throw SPOP_VIEW_CLOSED. */
  close(): void {
    this.#current.close();
    this.#count = 0;
    if (this.#hasMore) this.#closeMore();
  }

  #closeMore(): void {
    this.#hasMore = false;
    if (this.#current !== this.#source) {
      this.#current.close();
      this.#current.letGo();
      this.#current = this.#source;
      this.#walker = undefined;
    }
    if (this.#extraPlaces > 0) {
      this.#found.length = 0;
      this.#extraPlaces = 0;
      this.#extraBytes = 0;
    }
  }

  /** The generation in which the messages were found. */
  get #generation(): number {
    return this.#current === this.#source ? this.#source.generation : this.#oneTimeGeneration;
  }

  #oneTimeViewOf(state: MessageState): MessageView<ArgumentTypes> {
    const source = this.#current;
    if (state.oneTime?.source !== source) state.oneTime = new OneTimeMessage(state, source);
    // The view's class is made of the same definition.
    return state.oneTime.view as MessageView<ArgumentTypes>;
  }

  /** A state for the `place`th message, of definition `index`; each repetition of a name gets a state of its own. */
  #stateOf(index: number, place: number): MessageState {
    const states = this.#states[index]!;
    let unused = 0;
    while (unused < states.length && !states[unused]!.begin()) unused++;
    return states[unused] ?? this.#addState(states, index, place);
  }

  #addState(states: readonly MessageState[], index: number, place: number): MessageState {
    const definition = this.#set.definitions[index]!;
    const name = states.length === 0 ? definition.namePattern : UNEXPECTED;
    const state = new MessageState(definition, index, this.#source, name, this.#skipped);
    state.begin();
    const argumentCount = definition.argumentNames.length;
    const bytes = MESSAGE_BYTES + argumentCount * ARGUMENT_BYTES;
    if (states.length < MAX_REUSED_STATES) {
      this.#states[index] = [...states, state];
      this.#reusedBytes += bytes;
    } else {
      this.#extraBytes += bytes;
      this.#extraPlaces += 1 + argumentCount;
      this.#hasMore = true;
      if (this.#extraPlaces > MAX_REPEATED_PLACES) throw tooManyMessages(definition.name, place);
    }
    return state;
  }

  /** Validates the `count` arguments of an undeclared message at `start`, and returns the offset after them. */
  #argumentsEnd(bytes: Buffer, start: number, limit: number, count: number): number {
    let position = start;
    for (let i = 0; i < count; i++) {
      const length = readLengthAt(cursor, bytes, position, limit);
      position = this.#skipped.read(cursor, bytes, cursor.position + length, limit);
    }
    return position;
  }
}

function noMessage(index: number, count: number): SpopError {
  return new SpopError('SPOP_MISUSE', `expected a message index below ${count}; found ${index}`);
}

function tooManyMessages(name: string, count: number): SpopError {
  return new SpopError(
    'SPOP_TOO_MANY_MESSAGES',
    `expected declared messages and their arguments to be at most ${MAX_REPEATED_PLACES} in a NOTIFY that repeats them; ` +
      `found more after ${count} messages, with '${name}'`,
    cursor.position - cursor.origin,
  );
}
