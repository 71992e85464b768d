import { DataType } from '../constants.ts';
import type { TextCache } from '../values/text-cache.ts';
import { ValueView } from '../values/value.ts';
import { type ViewSource, viewClosed } from '../values/view-source.ts';
import { explainMissing } from './argument-errors.ts';
import type { ArgumentState, OneTimeArguments } from './arguments.ts';
import type { MessageDefinition } from './message-definition.ts';
import type { MessageState } from './message-view.ts';
import { longNumber, toOneTimeView } from './view-class.ts';

/**
 * The state of a message's view that only one handler gets: if the handler keeps it, it throws for ever once the NOTIFY is
 * closed. The places of the arguments are in a `MessageState`, which is then reused. A value is made when it is first read, with
 * a source that no other NOTIFY has.
 */
export class OneTimeMessage implements OneTimeArguments {
  declare readonly definition: MessageDefinition;
  declare readonly source: ViewSource;
  declare readonly view: object;
  readonly #found: MessageState;
  /** The values that were read, by slot. */
  #lent: (ValueView | undefined)[] | undefined;

  /** @param source Open until another NOTIFY is read into `found`. */
  constructor(found: MessageState, source: ViewSource) {
    this.definition = found.definition;
    this.source = source;
    this.#found = found;
    this.view = toOneTimeView(this);
  }

  get values(): readonly ValueView[] {
    return this.#found.values;
  }

  stateOf(slot: number): ArgumentState {
    const found = this.#open();
    const value = found.values[slot]!;
    if (!value.isPresentIn(found.generation)) return 'missing';
    return value.foundType === DataType.Null ? 'null' : 'present';
  }

  lendFound(slot: number): ValueView | undefined {
    const value = this.#placeOf(slot);
    return value === undefined ? undefined : this.#lend(slot, value);
  }

  lend(slot: number): ValueView | undefined {
    const value = this.#placeOf(slot);
    return value === undefined ? explainMissing(this, slot) : this.#lend(slot, value);
  }

  booleanOf(slot: number): boolean | undefined {
    const value = this.#placeOf(slot);
    return value === undefined ? explainMissing(this, slot) : value.foundBoolean;
  }

  textOf(slot: number, cache: TextCache): string | undefined {
    const value = this.#placeOf(slot);
    return value === undefined ? explainMissing(this, slot) : value.toCachedTextOf(this.source, cache);
  }

  numberOf(slot: number, min: number, max: number): number | undefined {
    const value = this.#placeOf(slot);
    if (value === undefined) return explainMissing(this, slot);
    const small = value.foundSmallInteger;
    return small < 0 ? longNumber(this.definition, slot, this.#lend(slot, value), min, max) : small;
  }

  /** @throws {SpopError} SPOP_VIEW_CLOSED. */
  #open(): MessageState {
    if (!this.source.isOpen) throw viewClosed();
    return this.#found;
  }

  /** The place of the value, if it has an accepted type. */
  #placeOf(slot: number): ValueView | undefined {
    const found = this.#open();
    const value = found.values[slot]!;
    return value.isFoundIn(found.generation) ? value : undefined;
  }

  #lend(slot: number, place: ValueView): ValueView {
    // Array.from would take longer than the rest of this function.
    // oxlint-disable-next-line no-new-array
    this.#lent ??= new Array<ValueView | undefined>(this.definition.argumentNames.length);
    return (this.#lent[slot] ??= new ValueView(this.source).takeOver(place));
  }
}
