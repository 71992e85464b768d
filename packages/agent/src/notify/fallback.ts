import type { Actions, AckWriter } from '@spop/codec';
import { endActions, HandlerActions } from './handler-actions.ts';
import { isThenable } from '../thenable.ts';
import { textOf } from '../observe/error-text.ts';
import { warn } from '../observe/warning.ts';

const ASYNC_FALLBACK =
  "The option 'fallback' returned a promise: it has to set its actions synchronously, later ones are lost";

/** Replaces what a failed handler wrote by the actions of the option `fallback`; by none where that throws. */
export function applyFallback(options: { readonly fallback: (ack: Actions) => void }, ack: AckWriter): void {
  ack.reset();
  // Used once: what is done with it later meets no other NOTIFY.
  const actions = new HandlerActions(ack);
  try {
    const result: unknown = options.fallback(actions);
    if (result === undefined || !isThenable(result)) return;
    warn('SPOP_FALLBACK_ASYNC', ASYNC_FALLBACK);
    // What it sets too late throws there.
    Promise.resolve(result).catch(() => {});
  } catch (error) {
    ack.reset();
    warn('SPOP_FALLBACK_THREW', `The option 'fallback' threw: ${textOf(error)}`);
  } finally {
    endActions(actions);
  }
}
