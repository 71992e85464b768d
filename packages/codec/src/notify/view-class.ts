import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { TextCache } from '../values/text-cache.ts';
import type { AnyValueType } from '../values/value-type.ts';
import type { ValueView } from '../values/value.ts';
import { argumentOutOfRange } from './argument-errors.ts';
import type { Arguments, OneTimeArguments } from './arguments.ts';
import type { MessageDefinition } from './message-definition.ts';

/**
 * The symbol under which each view has the number of its layout. An application may have two copies of the codec: its own, and its
 * agent's, which makes the views.
 */
const VIEW: unique symbol = Symbol.for('@spop/codec/view');
const LAYOUT = 1;
const STATE: unique symbol = Symbol.for('@spop/codec/view-state');
const VALUES: unique symbol = Symbol('values');
// Copied once: unoptimised code boxes `MIN_SAFE_INTEGER` at every read.
const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;

/** The object that users see. Its fields are under symbols, so that no argument's name can collide with one. */
class MessageViewBase {
  declare readonly [STATE]: Arguments;

  constructor(state: Arguments) {
    this[STATE] = state;
  }
}

/** A view that is reused for NOTIFY after NOTIFY. */
class ReusedView extends MessageViewBase {
  declare readonly [VALUES]: readonly ValueView[];

  constructor(state: Arguments) {
    super(state);
    this[VALUES] = state.values;
  }
}

/** A view that is used for one NOTIFY. */
class OneTimeView extends MessageViewBase {
  declare readonly [STATE]: OneTimeArguments;
}

Object.defineProperty(MessageViewBase.prototype, VIEW, { value: LAYOUT });
definePrintable(MessageViewBase.prototype, toPlain);

/** The arguments that have a value of the declared type, by name. */
function toPlain(view: MessageViewBase): Record<string, unknown> {
  const message = view[STATE];
  const found = [...message.definition.argumentNames.entries()].filter(
    ([slot]) => message.stateOf(slot) === 'present' && message.lendFound(slot) !== undefined,
  );
  return Object.fromEntries(found.map(([slot, name]) => [name, plainValue(view, slot, name)]));
}

/** An argument's value; an integer that a number cannot hold as text, so that printing a view never throws. */
function plainValue(view: MessageViewBase, slot: number, name: string): unknown {
  try {
    return Reflect.get(view, name);
  } catch (error) {
    if (!(error instanceof SpopError && error.code === 'SPOP_UNSAFE_INTEGER')) throw error;
    return view[STATE].lendFound(slot)?.toString();
  }
}

/** {@link Arguments.numberOf} of a value that has more than three bytes on the wire. */
export function longNumber(
  definition: MessageDefinition,
  slot: number,
  value: ValueView,
  min: number,
  max: number,
): number {
  const small = value.toInt32();
  if (small !== undefined && small >= min && small <= max) return small;
  const number = value.toDouble();
  if (number < min || number > max) throw argumentOutOfRange(definition, slot, value, min, max);
  return number;
}

/** The classes of a definition's views, each with a getter for each argument, so that a handler sees one shape only. */
interface ViewClasses {
  readonly Reused: new (state: Arguments) => ReusedView;
  readonly OneTime: new (state: OneTimeArguments) => OneTimeView;
}

const viewClasses: WeakMap<MessageDefinition, ViewClasses> = new WeakMap();

function classesOf(definition: MessageDefinition): ViewClasses {
  let made = viewClasses.get(definition);
  if (made === undefined) {
    const Reused = class extends ReusedView {};
    const OneTime = class extends OneTimeView {};
    for (const [slot, name] of definition.argumentNames.entries()) {
      const { kind } = definition.args[name]!;
      const [reused, oneTime] = getters(kind, slot);
      Object.defineProperty(Reused.prototype, name, { get: reused, enumerable: true });
      Object.defineProperty(OneTime.prototype, name, { get: oneTime, enumerable: true });
    }
    made = { Reused, OneTime };
    viewClasses.set(definition, made);
  }
  return made;
}

type Getters = readonly [(this: ReusedView) => unknown, (this: OneTimeView) => unknown];

function getters(kind: AnyValueType['kind'], slot: number): Getters {
  switch (kind) {
    case 'bool':
      return [
        function boolGetter() {
          return this[VALUES][slot]!.booleanIfFound();
        },
        function oneTimeBoolGetter() {
          return this[STATE].booleanOf(slot);
        },
      ];
    case 'integer':
      return numberGetters(slot, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER);
    case 'int32':
      return numberGetters(slot, -0x8000_0000, 0x7fff_ffff);
    case 'uint32':
      return numberGetters(slot, 0, 0xffff_ffff);
    case 'interned': {
      const cache = new TextCache();
      return [
        function internedGetter() {
          return this[VALUES][slot]!.lendIfFound()?.toCachedText(cache);
        },
        function oneTimeInternedGetter() {
          return this[STATE].textOf(slot, cache);
        },
      ];
    }
    default:
      return [
        function viewGetter() {
          return this[VALUES][slot]!.lendIfFound();
        },
        function oneTimeViewGetter() {
          return this[STATE].lend(slot);
        },
      ];
  }
}

function numberGetters(slot: number, min: number, max: number): Getters {
  return [
    function numberGetter() {
      return this[STATE].numberOf(slot, min, max);
    },
    function oneTimeNumberGetter() {
      return this[STATE].numberOf(slot, min, max);
    },
  ];
}

/** A new view of a message, with one getter for each declared argument. */
export function toView(message: Arguments): object {
  return new (classesOf(message.definition).Reused)(message);
}

/** A new view of a message for one NOTIFY. */
export function toOneTimeView(message: OneTimeArguments): object {
  return new (classesOf(message.definition).OneTime)(message);
}

/** The state of a view. @throws {SpopError} SPOP_MISUSE for any other object, and for a view of another layout. */
export function argumentsOf(view: object): Arguments {
  if (isView(view)) return view[STATE];
  const layout = VIEW in view ? Number(view[VIEW]) : undefined;
  const reason =
    layout === undefined
      ? 'expected a message view that a NOTIFY gave; found another object'
      : `expected a message view of layout ${LAYOUT}; found one of layout ${layout}, of another version of ` +
        `@spop/codec. Install one version, or import from @spop/agent alone`;
  throw new SpopError('SPOP_MISUSE', reason);
}

/** Not `instanceof`: the view may come from another copy of the package. */
function isView(view: object): view is MessageViewBase {
  return VIEW in view && view[VIEW] === LAYOUT;
}
