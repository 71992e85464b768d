import type { Actions, MessageDefinition } from '@spop/codec';
import type { Fallback, HandlerResult } from '../message-handler.ts';
import type { NotifyContext } from '../notify-context.ts';

/** The handler of a message or of whole NOTIFYs, with its deadline and its fallback. */
export interface HandlerEntry {
  /** Undefined for whole NOTIFYs. */
  readonly definition: MessageDefinition | undefined;
  /** Called with the view of its definition, or with undefined for whole NOTIFYs. */
  readonly handler: (message: never, ack: Actions, notify: NotifyContext) => HandlerResult;
  /** How long it may take, in ms; 0 is no limit. */
  timeoutMs: number;
  fallback: Fallback;
  /** Whether it is known to return promises: it is an async function, or has returned a promise before. */
  isAsync: boolean;
}
