import type { Actions, MessageDefinition } from '@spop/codec';
import type { Fallback, HandlerResult } from '../message-handler.ts';
import type { NotifyContext } from '../notify-context.ts';

/** The handler of a message, or of whole NOTIFYs, and how it is answered for where it fails. */
export interface HandlerEntry {
  /** Undefined for whole NOTIFYs. */
  readonly definition: MessageDefinition | undefined;
  /** Called with the view of its definition, or with undefined for whole NOTIFYs. */
  readonly handler: (message: never, ack: Actions, notify: NotifyContext) => HandlerResult;
  /** How many ms it may take; 0 for as long as it likes. */
  timeoutMs: number;
  fallback: Fallback;
  /** Whether it is known to return promises: async functions are, and those that did before. */
  isAsync: boolean;
}
