import { SpopError } from '../errors.ts';
import { checkName, checkValueType } from '../values/check-declared.ts';
import { type AnyValueType, acceptedTypes, kindsOf } from '../values/value-type.ts';
import { quoteText } from '../quote.ts';
import { NamePattern } from './name-pattern.ts';
import { encodeName, NameTable } from './name-table.ts';

/** The argument last seen is remembered for at least 32 positions of a message. */
const MIN_POSITIONS = 32;

/** Argument names and types of a message. */
export type ArgumentTypes = { readonly [name: string]: AnyValueType };

/** A declared argument: the pattern of its name, its slot in a view, and its accepted types. */
export class ArgumentPattern extends NamePattern {
  declare readonly slot: number;
  /** The accepted data types, as a bit set. */
  declare readonly accepted: number;
  /** The accepted data types that need no further look: all but the IPV6 of an `address`, which may hold an IPv4 address. */
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
 * A declared message, with the names of the message and its arguments as bytes. Made by {@link defineMessage}; the codec, the
 * agent and tests share it.
 */
export class MessageDefinition<Args extends ArgumentTypes = ArgumentTypes> {
  /** The name of the `spoe-message` section in HAProxy's configuration. */
  declare readonly name: string;
  /** The types of the arguments, by name, as they were declared. */
  declare readonly args: Args;
  /** @internal The pattern of the name in a frame. */
  declare readonly namePattern: NamePattern;
  /** The names of the arguments, in the order of the declaration. */
  declare readonly argumentNames: readonly string[];
  /** @internal */
  declare readonly table: NameTable;
  /** @internal The declared arguments, by slot. */
  declare readonly arguments: readonly ArgumentPattern[];
  /**
   * @internal The declared argument last seen at each position, as a first guess for the next message: HAProxy always sends a
   * message's arguments in the order of its configuration (benchmark `decode realistic`).
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
 * Declares a message: its name in HAProxy's `spoe-message` section, and its arguments' names and types. Arguments may come in
 * any order; undeclared ones are skipped.
 *
 *     const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string) });
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an empty message name or a name above 239 bytes; {TypeError} when the name is not a
 * string, or the type of an argument is not one of this package's.
 */
export function defineMessage<const Args extends ArgumentTypes>(name: string, args: Args): MessageDefinition<Args> {
  checkDeclared(name, args);
  return new MessageDefinition(name, args);
}

/** Checks the arguments of `defineMessage`, for callers without types. */
function checkDeclared(name: string, args: unknown): void {
  checkName('a message name', name);
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new TypeError(
      `expected the arguments of ${quoteText(name)} to be an object, such as { ip: address }; found ${typeName(args)}`,
    );
  }
  for (const [argument, type] of Object.entries(args)) {
    checkValueType(`the type of argument ${quoteText(argument)} of message ${quoteText(name)}`, type);
  }
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
