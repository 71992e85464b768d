import type { TextCache } from '../values/text-cache.ts';
import type { ValueView } from '../values/value.ts';
import type { ViewSource } from '../values/view-source.ts';
import type { MessageDefinition } from './message-definition.ts';

/** Whether an argument is missing in the message, NULL, or has a value. */
export type ArgumentState = 'missing' | 'null' | 'present';

/** The arguments of a message, by slot, as a view reads them; `MessageState` and `OneTimeMessage` implement it. */
export interface Arguments {
  readonly definition: MessageDefinition;
  /** The places of the values; only their types and offsets may be read. */
  readonly values: readonly ValueView[];
  stateOf(slot: number): ArgumentState;
  numberOf(slot: number, min: number, max: number): number | undefined;
  /** The value of an accepted type, if there is one. */
  lendFound(slot: number): ValueView | undefined;
}

/** The arguments of a message as a view for one NOTIFY reads them. */
export interface OneTimeArguments extends Arguments {
  /** The source of the view, which closes with it. */
  readonly source: ViewSource;
  readonly view: object;
  /** The value. @throws {SpopError} as `MessageView`. */
  lend(slot: number): ValueView | undefined;
  booleanOf(slot: number): boolean | undefined;
  textOf(slot: number, cache: TextCache): string | undefined;
}
