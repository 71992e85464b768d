import { DataType } from './constants.ts';
import type { Cursor } from './cursor.ts';
import { SpopError } from './errors.ts';
import type { ArgumentTypes, MessageDefinition } from './message-definition.ts';
import { expectedNameEnd } from './name-table.ts';
import { TextCache } from './text-cache.ts';
import { dataTypeName, TRUE_FLAG, TYPE_MASK, typedDataEnd } from './typed-data.ts';
import { acceptedTypes, type ReadOf, type ValueKind } from './value-type.ts';
import { Value } from './value.ts';
import { MORE, ONE_BYTE_VARINTS, readLengthAt } from './varint.ts';
import { NO_GENERATION, type ViewSource, viewClosed } from './view-source.ts';

/**
 * A message of a NOTIFY with its declared arguments as properties. Each is decoded when it is read, from the frame's
 * own bytes, and none makes an object. Valid until its NOTIFY is closed; later use throws SPOP_VIEW_CLOSED.
 *
 * Reading a property throws SPOP_MISSING_ARGUMENT where the argument is missing or NULL and not declared optional,
 * SPOP_WRONG_TYPE where it has another type on the wire, and SPOP_UNSAFE_INTEGER where a number cannot hold it.
 */
export type MessageView<Args extends ArgumentTypes> = { readonly [Name in keyof Args]: ReadOf<Args[Name]> };

/** Whether an argument is not in the message, is there as NULL, or has a value. */
export type ArgumentState = 'missing' | 'null' | 'present';

const STATE: unique symbol = Symbol('state');
const MISSING = -1;
// Read from `Number` each time they would be put on the heap each time, where nothing is inlined.
const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;

/** Where the arguments of one message stand, behind its view. */
export class MessageState {
  readonly definition: MessageDefinition;
  /** Which definition of its set it is. */
  readonly index: number;
  readonly source: ViewSource;
  readonly view: MessageView<ArgumentTypes>;
  readonly values: readonly Value[];
  /** Offset of each declared argument's typed data from the frame's length field; -1 where the message has none. */
  readonly slots: number[];
  /** The generation of the source in which the slots were found. */
  generation: number = NO_GENERATION;
  /** The message's name as it stands in a frame, behind its length. */
  readonly wireName: Buffer;

  constructor(definition: MessageDefinition, index: number, source: ViewSource) {
    this.definition = definition;
    this.index = index;
    this.source = source;
    this.wireName = definition.wireName;
    this.slots = definition.argumentNames.map(() => MISSING);
    this.values = definition.argumentNames.map(() => new Value(source));
    // The class has one getter per declared argument, and each gives what the argument's type reads as.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.view = new (viewClass(definition))(this) as unknown as MessageView<ArgumentTypes>;
  }

  /** Takes the frame that the source stands on; false where this state has a message of it already. */
  begin(): boolean {
    const { generation } = this.source;
    if (this.generation === generation) return false;
    this.generation = generation;
    return true;
  }

  /**
   * Finds the declared ones among the `count` arguments at `start`, validates all of them, and returns the offset behind
   * them. Where an argument comes more than once, the first counts.
   */
  read(cursor: Cursor, bytes: Buffer, start: number, limit: number, count: number): number {
    const { slots } = this;
    const { guesses, table } = this.definition;
    const { starts, wire } = table;
    const { origin } = cursor;
    for (let slot = 0; slot < slots.length; slot++) slots[slot] = MISSING;
    let position = start;
    for (let index = 0; index < count; index++) {
      let slot = index < guesses.length ? guesses[index]! : MISSING;
      const end = slot < 0 ? MISSING : expectedNameEnd(wire, starts[slot]!, starts[slot + 1]!, bytes, position, limit);
      if (end < 0) {
        const length = readLengthAt(cursor, bytes, position, limit);
        slot = table.find(bytes, cursor.position, length);
        if (slot !== MISSING && index < guesses.length) guesses[index] = slot;
        position = cursor.position + length;
      } else {
        position = end;
      }
      if (slot !== MISSING && slots[slot] === MISSING) slots[slot] = position - origin;
      position = typedDataEnd(cursor, bytes, position, limit);
    }
    return position;
  }

  stateOf(slot: number): ArgumentState {
    const { bytes, generation, origin } = this.source;
    if (generation !== this.generation) throw viewClosed();
    const at = this.slots[slot]!;
    if (at === MISSING) return 'missing';
    return (bytes[origin + at]! & TYPE_MASK) === DataType.Null ? 'null' : 'present';
  }

  /**
   * Where the typed data of an argument begins in the source's bytes, checked to have one of the `accepted` types; -1
   * where it is missing or NULL and optional.
   */
  locate(slot: number, accepted: number, isOptional: boolean): number {
    const { source } = this;
    const at = this.slots[slot]!;
    if (source.generation === this.generation && at !== MISSING) {
      const position = source.origin + at;
      if (((accepted >> (source.bytes[position]! & TYPE_MASK)) & 1) !== 0) return position;
    }
    return this.#explainMissing(slot, isOptional);
  }

  /** The view of an argument that {@link MessageState.locate} finds. */
  valueOf(slot: number, accepted: number, isOptional: boolean): Value | undefined {
    return this.locate(slot, accepted, isOptional) < 0 ? undefined : this.values[slot]!.placeAt(this.slots[slot]!);
  }

  /**
   * An integer that has to lie between `min`, which is 0 or less, and `max`, which is 2^31 - 1 or more. Those of up to
   * three bytes are read here, without a view (benchmark `decode realistic`).
   */
  numberOf(slot: number, accepted: number, isOptional: boolean, min: number, max: number): number | undefined {
    const position = this.locate(slot, accepted, isOptional);
    if (position < 0) return undefined;
    const { bytes } = this.source;
    const first = bytes[position + 1]!;
    if (first < ONE_BYTE_VARINTS) return first;
    const second = bytes[position + 2]!;
    if (second < MORE) return first + (second << 4);
    const third = bytes[position + 3]!;
    if (third < MORE) return first + (second << 4) + (third << 11);
    return this.#longNumberOf(slot, min, max);
  }

  #longNumberOf(slot: number, min: number, max: number): number {
    const value = this.values[slot]!.placeAt(this.slots[slot]!);
    const small = value.toInt32();
    if (small !== undefined && small >= min && small <= max) return small;
    const number = value.toDouble();
    if (number < min || number > max) throw this.#outOfRange(slot, value, min, max);
    return number;
  }

  boolOf(slot: number, accepted: number, isOptional: boolean): boolean | undefined {
    const position = this.locate(slot, accepted, isOptional);
    return position < 0 ? undefined : (this.source.bytes[position]! & TRUE_FLAG) !== 0;
  }

  /** The text of a STRING, from `cache` where it has it. */
  cachedTextOf(slot: number, accepted: number, isOptional: boolean, cache: TextCache): string | undefined {
    const position = this.locate(slot, accepted, isOptional);
    if (position < 0) return undefined;
    const { bytes } = this.source;
    const length = bytes[position + 1]!;
    if (length < ONE_BYTE_VARINTS) return cache.toText(bytes, position + 2, length);
    return this.values[slot]!.placeAt(this.slots[slot]!).toString();
  }

  /** Says why an argument has no value of an accepted type, or -1 where that is as declared. */
  #explainMissing(slot: number, isOptional: boolean): number {
    const state = this.stateOf(slot);
    if (state === 'present') {
      throw this.#wrongType(slot, this.source.bytes[this.source.origin + this.slots[slot]!]! & TYPE_MASK);
    }
    if (!isOptional) throw this.#missing(slot);
    return MISSING;
  }

  #describe(slot: number): string {
    return `message '${this.definition.name}', argument '${this.definition.argumentNames[slot]}'`;
  }

  #kindOf(slot: number): ValueKind {
    return this.definition.args[this.definition.argumentNames[slot]!]!.kind;
  }

  #wrongType(slot: number, type: number): SpopError {
    return new SpopError(
      'SPOP_WRONG_TYPE',
      `${this.#describe(slot)}: expected ${this.#kindOf(slot)}; found ${dataTypeName(type)}. Declare the type that ` +
        `HAProxy's sample has, or convert the sample in the spoe-message section`,
      this.slots[slot],
    );
  }

  #missing(slot: number): SpopError {
    const found = this.slots[slot] === MISSING ? 'no such argument' : 'NULL, as HAProxy sends for an empty sample';
    return new SpopError(
      'SPOP_MISSING_ARGUMENT',
      `${this.#describe(slot)}: expected ${this.#kindOf(slot)}; found ${found}. Declare it optional(…), or add it to ` +
        `the args line of the spoe-message section`,
    );
  }

  #outOfRange(slot: number, value: Value, min: number, max: number): SpopError {
    return new SpopError(
      'SPOP_UNSAFE_INTEGER',
      `${this.#describe(slot)}: expected ${min} to ${max}; found ${value.toString()}`,
      this.slots[slot],
    );
  }
}

/** The object that users see: all it holds is its state, so that no argument's name can collide with a field. */
class MessageViewBase {
  readonly [STATE]: MessageState;

  constructor(state: MessageState) {
    this[STATE] = state;
  }
}

const viewClasses: WeakMap<MessageDefinition, typeof MessageViewBase> = new WeakMap();

/** One class per definition, with a getter for each argument: a handler then sees one shape only. */
function viewClass(definition: MessageDefinition): typeof MessageViewBase {
  let made = viewClasses.get(definition);
  if (made === undefined) {
    made = class extends MessageViewBase {};
    for (const [slot, name] of definition.argumentNames.entries()) {
      const { kind, optional } = definition.args[name]!;
      Object.defineProperty(made.prototype, name, { get: getter(kind, slot, optional), enumerable: true });
    }
    viewClasses.set(definition, made);
  }
  return made;
}

type Getter = (this: MessageViewBase) => unknown;

function getter(kind: ValueKind, slot: number, isOptional: boolean): Getter {
  const accepted = acceptedTypes[kind];
  switch (kind) {
    case 'bool':
      return function boolGetter() {
        return this[STATE].boolOf(slot, accepted, isOptional);
      };
    case 'integer':
      return function integerGetter() {
        return this[STATE].numberOf(slot, accepted, isOptional, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER);
      };
    case 'int32':
      return function int32Getter() {
        return this[STATE].numberOf(slot, accepted, isOptional, -0x8000_0000, 0x7fff_ffff);
      };
    case 'uint32':
      return function uint32Getter() {
        return this[STATE].numberOf(slot, accepted, isOptional, 0, 0xffff_ffff);
      };
    case 'interned': {
      const cache = new TextCache();
      return function internedGetter() {
        return this[STATE].cachedTextOf(slot, accepted, isOptional, cache);
      };
    }
    default:
      return function viewGetter() {
        return this[STATE].valueOf(slot, accepted, isOptional);
      };
  }
}

/**
 * Tells apart what reads as undefined: whether the argument `name` of `message` is missing, NULL, or present.
 *
 * @throws {SpopError} SPOP_INVALID_NAME where the message does not declare it; SPOP_VIEW_CLOSED.
 */
export function argumentState<Args extends ArgumentTypes>(
  message: MessageView<Args>,
  name: keyof Args & string,
): ArgumentState {
  const state = stateOfView(message);
  const slot = state.definition.argumentNames.indexOf(name);
  if (slot < 0) {
    throw new SpopError(
      'SPOP_INVALID_NAME',
      `expected an argument of message '${state.definition.name}'; found '${name}'`,
    );
  }
  return state.stateOf(slot);
}

function stateOfView(view: object): MessageState {
  if (!(view instanceof MessageViewBase)) {
    throw new SpopError('SPOP_MISUSE', 'expected a message view that a NOTIFY gave; found another object');
  }
  return view[STATE];
}
