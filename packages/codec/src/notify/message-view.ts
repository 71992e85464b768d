import { DataType } from '../constants.ts';
import {
  NO_LENGTH as NO_LENGTH_,
  SMALL_INTEGER_BASE as SMALL_INTEGER_BASE_,
  type ValueSlot,
} from '../values/value-slot.ts';
import type { ReadOf } from '../values/value-type.ts';
import { ValueView } from '../values/value.ts';
import { NO_GENERATION, type ViewSource, viewClosed } from '../values/view-source.ts';
import type { Cursor } from '../wire/cursor.ts';
import { DATA_SIZES as DATA_SIZES_, SIZE_FIRST as SIZE_FIRST_, TYPE_MASK as TYPE_MASK_ } from '../wire/typed-data.ts';
import { CONTINUES as CONTINUES_, ONE_BYTE_VARINTS as ONE_BYTE_VARINTS_, readLengthAt } from '../wire/varint.ts';
import { explainMissing, undeclaredArgument } from './argument-errors.ts';
import type { Arguments, ArgumentState, OneTimeArguments } from './arguments.ts';
import type { ArgumentPattern, ArgumentTypes, MessageDefinition } from './message-definition.ts';
import type { NamePattern } from './name-pattern.ts';
import { argumentsOf, longNumber, toView } from './view-class.ts';

/**
 * A message of a NOTIFY with its declared arguments as properties. Each property is decoded at each read, from the frame's own
 * bytes, and allocates nothing. Valid until its NOTIFY is closed; later use throws SPOP_VIEW_CLOSED.
 *
 * Reading a property throws SPOP_MISSING_ARGUMENT when the argument is missing or NULL and not declared optional,
 * SPOP_WRONG_TYPE when it has another type on the wire, and SPOP_UNSAFE_INTEGER when a number cannot hold it.
 */
export type MessageView<Args extends ArgumentTypes> = { readonly [Name in keyof Args]: ReadOf<Args[Name]> };

/** The view type of a message definition. */
export type MessageOf<Definition> = Definition extends MessageDefinition<infer Args> ? MessageView<Args> : never;

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode realistic`).
const TYPE_MASK = TYPE_MASK_;
const DATA_SIZES = DATA_SIZES_;
const SIZE_FIRST = SIZE_FIRST_;
const ONE_BYTE_VARINTS = ONE_BYTE_VARINTS_;
const CONTINUES = CONTINUES_;
const NO_LENGTH = NO_LENGTH_;
const SMALL_INTEGER_BASE = SMALL_INTEGER_BASE_;

/** The state of a message's view: the places of its arguments. */
export class MessageState implements Arguments {
  declare readonly definition: MessageDefinition;
  /** The index of the definition in its set. */
  declare readonly index: number;
  declare readonly source: ViewSource;
  declare readonly view: MessageView<ArgumentTypes>;
  /** The pattern of the message's name; one that is found nowhere, unless this is its definition's first state. */
  declare readonly name: NamePattern;
  /** The values of its declared arguments, by slot. */
  declare readonly values: readonly ValueView[];
  /** Reads the arguments that are skipped. */
  readonly #skipped: ValueView;
  /** The generation of the source in which the values were found. */
  generation: number = NO_GENERATION;
  /** The state of the view for one NOTIFY that was made most recently. */
  oneTime: OneTimeArguments | undefined;

  /** @param skipped Shared by all states of a source. */
  constructor(definition: MessageDefinition, index: number, source: ViewSource, name: NamePattern, skipped: ValueView) {
    this.definition = definition;
    this.index = index;
    this.source = source;
    this.name = name;
    const absent = (value: ValueSlot): undefined => explainMissing(this, this.values.indexOf(value as ValueView));
    this.values = definition.argumentNames.map(() => new ValueView(source, absent));
    this.#skipped = skipped;
    // The view's class is made of the same definition.
    this.view = toView(this) as MessageView<ArgumentTypes>;
  }

  /** Takes a message of the frame that is being read; returns false when the state has one of that frame already. */
  begin(): boolean {
    const { reading } = this.source;
    if (this.generation === reading) return false;
    this.generation = reading;
    return true;
  }

  /**
   * Validates the `count` arguments at `start`, finds the declared ones, and returns the offset after all of them. When an
   * argument comes twice, the first one counts.
   */
  read(cursor: Cursor, bytes: Buffer, wordView: DataView, start: number, limit: number, count: number): number {
    const { learnedOrder } = this.definition;
    const { generation, values } = this;
    const { origin } = cursor;
    let position = start;
    for (let index = 0; index < count; index++) {
      const argument = index < learnedOrder.length ? learnedOrder[index] : undefined;
      if (argument === undefined || limit - position < argument.room) {
        position = this.#readUnexpected(cursor, bytes, position, limit, index);
        continue;
      }
      // NamePattern.endAt for the name and ValueSlot.read for the typed data after it, written out: V8 inlines neither here, and
      // their calls would take as long as their work (benchmark `decode realistic`).
      let end = position + argument.size;
      const last = wordView.getInt32(end - 3);
      let difference =
        ((wordView.getInt32(position) ^ argument.first) & argument.firstMask) |
        ((last ^ argument.last) & argument.lastMask);
      let isSmall = true;
      const { middle } = argument;
      for (let i = 0; i < middle.length; i++) difference |= wordView.getInt32(position + 4 * (i + 1)) ^ middle[i]!;
      const size = DATA_SIZES[last & TYPE_MASK]!;
      let valueStart = end + 1;
      let length = size > 0 ? size : NO_LENGTH;
      end = valueStart + size;
      if (size < 0) {
        const room = limit - valueStart;
        end = valueStart + 1;
        let number = room > 0 ? bytes[valueStart]! : 0;
        if (number >= ONE_BYTE_VARINTS) {
          if (room < 3) {
            isSmall = false;
          } else {
            const second = bytes[end++]!;
            number += second << 4;
            if (second >= CONTINUES) {
              const third = bytes[end++]!;
              number += third << 11;
              if (third >= CONTINUES) isSmall = false;
            }
          }
        }
        if (size === SIZE_FIRST) {
          valueStart = end;
          end += number;
          length = number;
        } else {
          length = SMALL_INTEGER_BASE - number;
        }
      }
      const value = values[argument.slot]!;
      const isAccepted = ((argument.takenAsSent >> (last & TYPE_MASK)) & 1) !== 0;
      if (difference !== 0) {
        position = this.#readUnexpected(cursor, bytes, position, limit, index);
      } else if (!isSmall || end > limit || !isAccepted || value.isPresentIn(generation)) {
        position = this.#readValue(argument, cursor, bytes, position + argument.size, limit);
      } else {
        value.place(last & 0xff, valueStart - origin, length, generation);
        position = end;
      }
    }
    return position;
  }

  /** {@link MessageState.read} of one argument with any name, the `index`th of its message. */
  #readUnexpected(cursor: Cursor, bytes: Buffer, position: number, limit: number, index: number): number {
    const length = readLengthAt(cursor, bytes, position, limit);
    const slot = this.definition.table.find(bytes, cursor.position, length);
    const valueStart = cursor.position + length;
    if (slot < 0) return this.#skipped.read(cursor, bytes, valueStart, limit);
    const argument = this.definition.arguments[slot]!;
    const { learnedOrder } = this.definition;
    if (index < learnedOrder.length) learnedOrder[index] = argument;
    return this.#readValue(argument, cursor, bytes, valueStart, limit);
  }

  /** Reads any value of an argument, and returns the offset after it. */
  #readValue(argument: ArgumentPattern, cursor: Cursor, bytes: Buffer, position: number, limit: number): number {
    const { accepted, slot } = argument;
    const value = this.values[slot]!;
    if (value.isPresentIn(this.generation)) return this.#skipped.read(cursor, bytes, position, limit);
    const end = value.read(cursor, bytes, position, limit);
    if (((accepted >> value.foundType) & 1) === 0) value.reject();
    if (accepted !== argument.takenAsSent) value.unmap();
    return end;
  }

  stateOf(slot: number): ArgumentState {
    if (this.source.generation !== this.generation) throw viewClosed();
    const value = this.values[slot]!;
    if (!value.isPresent) return 'missing';
    return value.foundType === DataType.Null ? 'null' : 'present';
  }

  lendFound(slot: number): ValueView | undefined {
    const value = this.values[slot]!;
    return value.isFound ? value.lend() : undefined;
  }

  /** An integer from `min`, which is 0 or less, to `max`, which is 2^31 - 1 or more. */
  numberOf(slot: number, min: number, max: number): number | undefined {
    const value = this.values[slot]!;
    if (!value.isFound) return explainMissing(this, slot);
    const small = value.foundSmallInteger;
    return small < 0 ? longNumber(this.definition, slot, value.lend(), min, max) : small;
  }
}

/**
 * Whether the argument `name` of `message` is missing, NULL, or present: missing and NULL both read as undefined.
 *
 * @throws {SpopError} SPOP_INVALID_NAME when the message does not declare it; SPOP_VIEW_CLOSED.
 */
export function argumentState<Args extends ArgumentTypes>(
  message: MessageView<Args>,
  name: keyof Args & string,
): ArgumentState {
  const state = argumentsOf(message);
  const slot = state.definition.argumentNames.indexOf(name);
  if (slot < 0) throw undeclaredArgument(state.definition, name);
  return state.stateOf(slot);
}
