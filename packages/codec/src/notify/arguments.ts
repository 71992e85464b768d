import type { TextCache } from '../values/text-cache.ts';
import type { ValueView } from '../values/value.ts';
import type { ViewSource } from '../values/view-source.ts';
import type { MessageDefinition } from './message-definition.ts';

/** Whether an argument is not in the message, is there as NULL, or has a value. */
export type ArgumentState = 'missing' | 'null' | 'present';

/** What a view asks about its message, by slot; `MessageState` and `OneTimeMessage` answer. */
export interface Arguments {
  readonly definition: MessageDefinition;
  /** Where the values stand; only their types and offsets may be asked for. */
  readonly values: readonly ValueView[];
  stateOf(slot: number): ArgumentState;
  numberOf(slot: number, min: number, max: number): number | undefined;
  /** The value of an accepted type, if there is one. */
  lendFound(slot: number): ValueView | undefined;
}

/** What a view that is used for one NOTIFY asks besides. */
export interface OneTimeArguments extends Arguments {
  /** Open as long as the view is. */
  readonly source: ViewSource;
  readonly view: object;
  /** The value. @throws {SpopError} as `MessageView`. */
  lend(slot: number): ValueView | undefined;
  booleanOf(slot: number): boolean | undefined;
  textOf(slot: number, cache: TextCache): string | undefined;
}
