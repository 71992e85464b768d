import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { TextCache } from '../values/text-cache.ts';
import type { ValueKind } from '../values/value-type.ts';
import type { Value } from '../values/value.ts';
import type { MessageDefinition } from './message-definition.ts';

/** Whether an argument is not in the message, is there as NULL, or has a value. */
export type ArgumentState = 'missing' | 'null' | 'present';

/** What a view asks about its message, by slot; `MessageState` answers. */
export interface Arguments {
  readonly definition: MessageDefinition;
  readonly values: readonly Value[];
  stateOf(slot: number): ArgumentState;
  numberOf(slot: number, min: number, max: number): number | undefined;
  toPlain(): Record<string, unknown>;
}

const STATE: unique symbol = Symbol('state');
const VALUES: unique symbol = Symbol('values');
// Copied once: unoptimised code boxes `MIN_SAFE_INTEGER` at every read.
const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;

/** The object that users see: all it holds is under symbols, so that no argument's name can collide with a field. */
class MessageViewBase {
  declare readonly [STATE]: Arguments;
  declare readonly [VALUES]: readonly Value[];

  constructor(state: Arguments) {
    this[STATE] = state;
    this[VALUES] = state.values;
  }
}

definePrintable(MessageViewBase.prototype, (view) => view[STATE].toPlain());

const viewClasses: WeakMap<MessageDefinition, typeof MessageViewBase> = new WeakMap();

/** One class per definition, with a getter for each argument: a handler then sees one shape only. */
function viewClass(definition: MessageDefinition): typeof MessageViewBase {
  let made = viewClasses.get(definition);
  if (made === undefined) {
    made = class extends MessageViewBase {};
    for (const [slot, name] of definition.argumentNames.entries()) {
      const { kind } = definition.args[name]!;
      Object.defineProperty(made.prototype, name, { get: getter(kind, slot), enumerable: true });
    }
    viewClasses.set(definition, made);
  }
  return made;
}

type Getter = (this: MessageViewBase) => unknown;

function getter(kind: ValueKind, slot: number): Getter {
  switch (kind) {
    case 'bool':
      return function boolGetter() {
        return this[VALUES][slot]!.booleanIfFound();
      };
    case 'integer':
      return function integerGetter() {
        return this[STATE].numberOf(slot, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER);
      };
    case 'int32':
      return function int32Getter() {
        return this[STATE].numberOf(slot, -0x8000_0000, 0x7fff_ffff);
      };
    case 'uint32':
      return function uint32Getter() {
        return this[STATE].numberOf(slot, 0, 0xffff_ffff);
      };
    case 'interned': {
      const cache = new TextCache();
      return function internedGetter() {
        return this[VALUES][slot]!.lendIfFound()?.toCachedText(cache);
      };
    }
    default:
      return function viewGetter() {
        return this[VALUES][slot]!.lendIfFound();
      };
  }
}

/** A new view of a message. The class has one getter per declared argument, which gives what its type reads as. */
export function toView(message: Arguments): object {
  return new (viewClass(message.definition))(message);
}

/** What stands behind a view. @throws {SpopError} SPOP_MISUSE for any other object. */
export function argumentsOf(view: object): Arguments {
  if (!(view instanceof MessageViewBase)) {
    throw new SpopError('SPOP_MISUSE', 'expected a message view that a NOTIFY gave; found another object');
  }
  return view[STATE];
}
