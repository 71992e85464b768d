import type { AckWriter, ArgumentTypes, MessageView } from '@spop/codec';
import type { Fallback, FallbackReason } from '../message-handler.ts';
import type { NotifyContext } from '../notify-context.ts';
import { closeActions, HandlerActions } from './handler-actions.ts';
import { isThenable } from '../thenable.ts';
import { textOf } from '../observe/error-text.ts';
import { warn } from '../observe/warning.ts';

const ASYNC_FALLBACK =
  "The option 'fallback' returned a promise: set its actions synchronously, since later ones are lost";

/** Replaces the actions of a failed handler with those of its fallback, or with none when the fallback throws. */
export function applyFallback(
  fallback: Fallback,
  ack: AckWriter,
  message: MessageView<ArgumentTypes> | undefined,
  notify: NotifyContext | undefined,
  reason: FallbackReason | 'tooBig',
): void {
  ack.reset();
  // Used once: a fallback that keeps it reaches no other NOTIFY.
  const actions = new HandlerActions(ack);
  try {
    const result: unknown = fallback(message, actions, notify, reason);
    if (result === undefined || !isThenable(result)) return;
    warn('SPOP_FALLBACK_ASYNC', ASYNC_FALLBACK);
    // Actions that it sets later throw, and reject the promise.
    Promise.resolve(result).catch(() => {});
  } catch (error) {
    ack.reset();
    warn('SPOP_FALLBACK_THREW', `The option 'fallback' threw: ${textOf(error)}`);
  } finally {
    closeActions(actions);
  }
}
