import { NamePattern } from './name-pattern.ts';
import { encodeName, NameTable } from './name-table.ts';
import type { MessageView } from './message-view.ts';
import type { AnyValueType } from './value-type.ts';
import { SpopError } from './errors.ts';

/** Argument names and types of a message. */
export type ArgumentTypes = { readonly [name: string]: AnyValueType };

/**
 * A message declared once, with its name and those of its arguments as bytes. Made by {@link defineMessage}, shared by
 * the codec, the agent and tests.
 */
export class MessageDefinition<Args extends ArgumentTypes = ArgumentTypes> {
  readonly name: string;
  readonly args: Args;
  /** @internal How the name stands in a frame. */
  readonly namePattern: NamePattern;
  /** @internal Argument names in declared order; an argument's index here is its slot in a view. */
  readonly argumentNames: readonly string[];
  /** @internal */
  readonly table: NameTable;

  constructor(name: string, args: Args) {
    if (name === '') throw new SpopError('SPOP_INVALID_NAME', 'expected a message name; found an empty one');
    this.name = name;
    this.args = args;
    this.namePattern = new NamePattern(encodeName(name));
    this.argumentNames = Object.keys(args);
    this.table = new NameTable(this.argumentNames);
  }
}

/** The view type of a message definition. */
export type MessageOf<Definition> = Definition extends MessageDefinition<infer Args> ? MessageView<Args> : never;

/**
 * Declares a message: its name in HAProxy's `spoe-message` section, and its arguments' names and types. Arguments may
 * come in any order; those that are not declared are skipped.
 *
 *     const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string) });
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an empty message name or one above 239 bytes.
 */
export function defineMessage<const Args extends ArgumentTypes>(name: string, args: Args): MessageDefinition<Args> {
  return new MessageDefinition(name, args);
}
