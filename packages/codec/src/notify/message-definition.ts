import { SpopError } from '../errors.ts';
import { checkName, checkValueType } from '../values/check-declared.ts';
import { type AnyValueType, acceptedTypes, kindsOf } from '../values/value-type.ts';
import { quoteText } from '../quote.ts';
import { NamePattern } from './name-pattern.ts';
import { encodeName, NameTable } from './name-table.ts';

/** For at least so many arguments of a message it is remembered which one came at their place, declared or not. */
const MIN_POSITIONS = 32;

/** Argument names and types of a message. */
export type ArgumentTypes = { readonly [name: string]: AnyValueType };

/** A declared argument: how its name stands in a frame, its slot in a view, and what it may be. */
export class ArgumentPattern extends NamePattern {
  declare readonly slot: number;
  /** The data types that it may have, as a bit set. */
  declare readonly accepted: number;
  /** Those of them whose values are taken as they stand. Of an `address`, an IPV6 may be an IPv4 address. */
  declare readonly takenAsSent: number;

  constructor(name: Buffer, slot: number, type: AnyValueType) {
    super(name);
    this.slot = slot;
    const kinds = kindsOf(type);
    this.accepted = kinds.reduce((sum, kind) => sum | acceptedTypes[kind], 0);
    this.takenAsSent = kinds.includes('address') ? this.accepted & ~acceptedTypes.ipv6 : this.accepted;
  }
}

/**
 * A message declared once, with its name and those of its arguments as bytes. Made by {@link defineMessage}, shared by
 * the codec, the agent and tests.
 */
export class MessageDefinition<Args extends ArgumentTypes = ArgumentTypes> {
  declare readonly name: string;
  declare readonly args: Args;
  /** @internal How the name stands in a frame. */
  declare readonly namePattern: NamePattern;
  /** The names of the arguments, in the order of the declaration. */
  declare readonly argumentNames: readonly string[];
  /** @internal */
  declare readonly table: NameTable;
  /** @internal By slot. */
  declare readonly arguments: readonly ArgumentPattern[];
  /**
   * @internal The declared argument last seen at each position, as a first guess for the next message: HAProxy sends a
   * message's arguments in the order of its configuration each time. Pays for itself in benchmark `decode realistic`.
   */
  declare readonly learnedOrder: (ArgumentPattern | undefined)[];

  constructor(name: string, args: Args) {
    if (name === '') throw new SpopError('SPOP_INVALID_NAME', 'expected a message name; found an empty one');
    this.name = name;
    this.args = args;
    this.namePattern = new NamePattern(encodeName(name));
    this.argumentNames = Object.keys(args);
    this.table = new NameTable(this.argumentNames);
    this.arguments = this.table.names.map(
      (encoded, slot) => new ArgumentPattern(encoded, slot, args[this.argumentNames[slot]!]!),
    );
    const positions = Math.max(this.arguments.length, MIN_POSITIONS);
    this.learnedOrder = Array.from({ length: positions }, (_, position) => this.arguments[position]);
  }
}

/**
 * Declares a message: its name in HAProxy's `spoe-message` section, and its arguments' names and types. Arguments may
 * come in any order; those that are not declared are skipped.
 *
 *     const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string) });
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an empty message name or one above 239 bytes; {TypeError} where the name is no
 * string, or the type of an argument none of this package's.
 */
export function defineMessage<const Args extends ArgumentTypes>(name: string, args: Args): MessageDefinition<Args> {
  checkDeclared(name, args);
  return new MessageDefinition(name, args);
}

/** What callers without types can get wrong. */
function checkDeclared(name: string, args: unknown): void {
  checkName('a message name', name);
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new TypeError(`expected the arguments of ${quoteText(name)} to be an object, such as { ip: address }`);
  }
  for (const [argument, type] of Object.entries(args)) {
    checkValueType(`the type of argument ${quoteText(argument)} of message ${quoteText(name)}`, type);
  }
}
