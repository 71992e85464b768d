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

/** So many messages are compared with the one that is asked for; more of them are looked up. */
const MAX_COMPARED = 4;
/** How many messages of one name in a NOTIFY have states that are kept for the next one. */
const MAX_REUSED_STATES = 8;

/**
 * How much the views of repeated messages take at most in one NOTIFY: a message is one place, and so is each argument
 * that it declares. HAProxy never repeats any, and three bytes on the wire are a message with all its arguments.
 */
const MAX_REPEATED_PLACES = 32_768;
/** What the view of a message takes at most, and what each argument that it declares adds (the agent's memory.test.ts measures it). */
const MESSAGE_BYTES = 512;
const ARGUMENT_BYTES = 256;

const NO_STATES: readonly MessageState[] = [];

/** The name of a repeated message, which is not expected anywhere. */
const UNEXPECTED = new NamePattern(Buffer.alloc(0), false);

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
  readonly #indexes: Map<MessageDefinition, number>;

  /** @throws {SpopError} SPOP_INVALID_NAME where two definitions have the same name. */
  constructor(definitions: readonly MessageDefinition[]) {
    this.definitions = definitions;
    this.table = new NameTable(definitions.map((definition) => definition.name));
    this.#indexes = new Map(definitions.map((definition, index) => [definition, index]));
  }

  /** @internal Which definition of the set it is, or undefined. */
  indexOf(definition: MessageDefinition): number | undefined {
    return this.#indexes.get(definition);
  }

  /** @internal A message of definition `index` begins at `position` of the source; one that is malformed has not come. */
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
 * The messages of one NOTIFY frame (SPOE.txt §3.2.6). Reused for frame after frame: `read` validates the whole payload
 * and finds the declared messages and arguments in one pass, and the views read the frame's own bytes until `close`.
 */
export class Notify {
  // First what each frame needs, in as few lines of the processor's cache as may be (benchmark `tiny through a socket`).
  readonly #source: ViewSource = new ViewSource();
  /** The source of the views that are given out: of those that are reused, or of those for one NOTIFY. */
  #current: ViewSource = this.#source;
  /** The declared messages of this NOTIFY in the order they came; the first `#count` count. */
  readonly #found: MessageState[] = [];
  #count: number = 0;
  /** Whether there is more to be ended than the reused views: those for one NOTIFY, or states that are not reused. */
  #hasMore: boolean = false;
  /** How many places the states in `#found` have that are not reused. */
  #extraPlaces: number = 0;
  /** Offset of the payload from the frame's length field. */
  #payloadStart: number = 0;
  readonly #set: MessageSet;
  /** Stands on arguments that nobody asks for, one after the other. */
  readonly #skipped: ValueView = new ValueView(this.#source);
  /**
   * The reused states of each definition, by its index in the set: made when a NOTIFY first has the message, more than
   * one where it has it again.
   */
  readonly #states: (readonly MessageState[])[];
  /** Bytes of memory that those take at most. */
  #reusedBytes: number = 0;
  /** Bytes of memory that the states take at most that are not reused. */
  #extraBytes: number = 0;
  #walker: MessageReader | undefined;
  /** In which generation of the reused views' source the messages were found that have views for one NOTIFY. */
  #oneTimeGeneration: number = NO_GENERATION;

  constructor(set: MessageSet) {
    this.#set = set;
    this.#states = set.definitions.map(() => NO_STATES);
  }

  /** Whether a frame was read and not closed. */
  get isOpen(): boolean {
    return this.#current.isOpen;
  }

  /** How many declared messages the NOTIFY has. */
  get messageCount(): number {
    return this.#count;
  }

  /** The bytes that the frame stands in: with `idsStart` and `payloadStart` an `IdSource`, which an ACK is begun with. @throws {SpopError} SPOP_VIEW_CLOSED: its ids are gone then. */
  get bytes(): Buffer {
    if (!this.#current.isOpen) throw viewClosed();
    return this.#current.bytes;
  }

  /** Offset of the stream-id in them; both ids go up to {@link Notify.payloadStart}. */
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
   * Reads a NOTIFY frame; what was read before is closed.
   *
   *     LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]        (SPOE.txt §3.2)
   *
   * @throws {SpopError} what is malformed in the payload: SPOP_TRUNCATED, SPOP_VARINT_OVERFLOW, SPOP_RESERVED_TYPE,
   * SPOP_INTEGER_RANGE or SPOP_TOO_MANY_MESSAGES. Nothing is open then.
   */
  read(frame: Frame): void {
    const { bytes, wordView, start, end: limit, payloadStart } = frame;
    if (this.#hasMore) this.#closeMore();
    this.#count = 0;
    this.#payloadStart = payloadStart - start;
    cursor.origin = start;
    const source = this.#source;
    // What is thrown before it ends leaves it closed: without a `try`, within which V8 compiles slower code.
    source.beginReading(bytes, start, limit);
    const found = this.#found;
    // Local variables, here and where arguments are read: a cursor is written to and read from memory for each name and
    // value (benchmark `decode tiny`).
    let position = payloadStart;
    let count = 0;
    while (position < limit) {
      // The message that stood here last time is tried first: HAProxy sends the same ones again and again.
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

  /** The state for the `place`th declared message, at `position`, whose name is at `start`; undefined where it is none. */
  #find(bytes: Buffer, position: number, start: number, length: number, place: number): MessageState | undefined {
    const index = this.#set.table.find(bytes, start, length);
    if (index < 0) return undefined;
    // Once for each definition; where a NOTIFY has the message at the same place again, this is not asked.
    if (this.#set.onFirst !== undefined) this.#set.noteMessage(index, this.#source, position);
    const state = this.#stateOf(index, place);
    this.#found[place] = state;
    return state;
  }

  /** The view of the `index`th declared message, 0 to `messageCount` - 1. */
  messageAt(index: number): MessageView<ArgumentTypes> {
    return this.viewOf(this.foundAt(index));
  }

  /** Which definition of the set the `index`th declared message has. */
  definitionIndexAt(index: number): number {
    return this.foundAt(index).index;
  }

  /** @internal The `index`th declared message, see {@link Notify.viewOf}: both in one look (benchmark `tiny through a socket`). */
  foundAt(index: number): MessageState {
    const state = index < this.#count ? this.#found[index] : undefined;
    if (state === undefined) throw noMessage(index, this.#count);
    return state;
  }

  /** @internal The view of a message that was found. */
  viewOf(state: MessageState): MessageView<ArgumentTypes> {
    return this.#current === this.#source ? state.view : this.#oneTimeViewOf(state);
  }

  /** The view of the first message of that definition, or undefined where the NOTIFY has none. */
  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    const first = this.#found[0];
    // As little code as can be for what is most often asked: V8 inlines it into handlers (benchmark `access realistic`).
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

  /** The same, in a time that does not grow with the number of messages. */
  #getFromMany<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    const index = this.#set.indexOf(definition);
    // A NOTIFY's first message of a definition is always in its first state.
    const state = index === undefined ? undefined : this.#states[index]![0];
    if (state === undefined || state.generation !== this.#generation) return undefined;
    return this.viewOf(state) as MessageView<Args>;
  }

  /** A walker over all messages as they came, declared or not, that stands before the first: one per NOTIFY, reused. */
  walk(): MessageReader {
    if (!this.#current.isOpen) throw viewClosed();
    this.#walker ??= new MessageReader(this.#current);
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
    const source = this.#current;
    const { origin, limit } = source;
    const size = limit - origin;
    if (size > target.length) throw new RangeError(`expected room for ${size} bytes; found ${target.length}`);
    copyRange(bytes, origin, limit, target, 0);
    source.moveTo(target, 0, size);
    this.#walker?.moveBy(-origin);
    return size;
  }

  /** The size of the frame with its length field, in bytes: what {@link Notify.moveTo} needs; 0 after `close`. */
  get byteLength(): number {
    return this.#current.isOpen ? this.#current.limit - this.#current.origin : 0;
  }

  /** @internal Bytes of memory that the views of all messages take at most, those of earlier frames included. */
  get viewBytes(): number {
    return this.#reusedBytes + this.#extraBytes;
  }

  /**
   * @internal From now on to `close` all views are new, and stay closed for ever afterwards: for a handler that outlives
   * its call. Those that were given out before are closed.
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

  /** Ends all views: from now on they throw SPOP_VIEW_CLOSED. */
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

  /** A state for one more message of definition `index`, the `place`th: each further one of a name gets one of its own. */
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

function noMessage(index: number, count: number): SpopError {
  return new SpopError('SPOP_MISUSE', `expected a message index below ${count}; found ${index}`);
}

function tooManyMessages(name: string, count: number): SpopError {
  return new SpopError(
    'SPOP_TOO_MANY_MESSAGES',
    `expected declared messages and their arguments to be at most ${MAX_REPEATED_PLACES} in a NOTIFY that repeats them; ` +
      `found more behind ${count} messages, with '${name}'`,
    cursor.position - cursor.origin,
  );
}
