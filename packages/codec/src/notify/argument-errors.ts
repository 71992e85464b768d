import { SpopError } from '../errors.ts';
import { escapeText } from '../quote.ts';
import type { ValueView } from '../values/value.ts';
import { dataTypeName } from '../wire/typed-data.ts';
import { nameOf } from '../values/value-type.ts';
import type { Arguments } from './arguments.ts';
import type { MessageDefinition } from './message-definition.ts';

/**
 * Returns undefined for an optional argument that is missing or NULL, and throws for any other argument without a value of an
 * accepted type.
 *
 * @throws {SpopError} SPOP_WRONG_TYPE, SPOP_MISSING_ARGUMENT; SPOP_VIEW_CLOSED.
 */
export function explainMissing(message: Arguments, slot: number): undefined {
  const { definition, values } = message;
  const state = message.stateOf(slot);
  if (state === 'present') throw wrongArgumentType(definition, slot, values[slot]!);
  const { optional } = definition.args[definition.argumentNames[slot]!]!;
  if (!optional) throw missingArgument(definition, slot, state === 'null');
  return undefined;
}

/** The error of an argument that has another type on the wire than the declared one. */
function wrongArgumentType(definition: MessageDefinition, slot: number, value: ValueView): SpopError {
  return new SpopError(
    'SPOP_WRONG_TYPE',
    `${describe(definition, slot)}; found ${dataTypeName(value.foundType)}. Declare the type that ` +
      `HAProxy's sample has, or convert the sample in the spoe-message section`,
    value.offset,
  );
}

/** The error of an argument that is missing or NULL, and not declared optional. */
function missingArgument(definition: MessageDefinition, slot: number, isNull: boolean): SpopError {
  const found = isNull
    ? 'NULL, as HAProxy sends for a sample without a value. Declare it optional(…)'
    : `no argument of that name. Declare it optional(…), or write ${definition.argumentNames[slot]}=… in the ` +
      `args line of the spoe-message section: without a name a sample comes under ''`;
  return new SpopError('SPOP_MISSING_ARGUMENT', `${describe(definition, slot)}; found ${found}`);
}

/** The error of an integer outside the range of its declared type. */
export function argumentOutOfRange(
  definition: MessageDefinition,
  slot: number,
  value: ValueView,
  min: number,
  max: number,
): SpopError {
  return new SpopError(
    'SPOP_UNSAFE_INTEGER',
    `${describe(definition, slot, `${min} to ${max}`)}; found ${value.toString()}`,
    value.offset,
  );
}

/** The error of a name that the message does not declare. */
export function undeclaredArgument(definition: MessageDefinition, name: string): SpopError {
  return new SpopError(
    'SPOP_INVALID_NAME',
    `expected an argument of message '${definition.name}'; found '${escapeText(name)}'`,
  );
}

/** The argument and what was expected of it, by default its declared type. */
function describe(definition: MessageDefinition, slot: number, expected?: string): string {
  const name = definition.argumentNames[slot]!;
  return `message '${definition.name}', argument '${name}': expected ${expected ?? nameOf(definition.args[name]!)}`;
}
