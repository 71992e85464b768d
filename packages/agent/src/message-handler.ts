import type { Actions, ArgumentTypes, MessageDefinition, MessageOf, MessageView } from '@spop/codec';
import { checkFunction, checkInteger, checkOptions, MAX_TIMER_MS } from './checks.ts';
import type { NotifyContext } from './notify-context.ts';

/**
 * What a handler may return: nothing; the ACK itself, as `(message, ack) => ack.set(score, 1)` does; or a promise, which
 * is waited for.
 */
export type HandlerResult = void | Actions | PromiseLike<void | Actions>;

/**
 * Answers one message: reads `message`, writes `ack`. When a handler returns a promise, its views stay valid until the
 * promise settles. An error that a handler throws or rejects with is reported to the hook `handlerError`, and its message
 * gets the fallback instead of the handler's actions. A handler in a file of its own gets its types from its definition:
 *
 *     export const score: MessageHandler<typeof checkClientIp> = ({ ip }, ack) => ack.set(ipScore, scoreOf(ip));
 */
export type MessageHandler<Definition extends MessageDefinition> = (
  message: MessageOf<Definition>,
  ack: Actions,
  notify: NotifyContext,
) => HandlerResult;

/** Answers a whole NOTIFY; called after the handlers of its messages. */
export type NotifyHandler = (notify: NotifyContext, ack: Actions) => HandlerResult;

/** Why a message got its fallback: its handler threw or rejected; or it was too late, or the agent closed before it settled. */
export type FallbackReason = 'threw' | 'timeout';

/**
 * Answers a message instead of a handler that failed or was too late. It sets its actions synchronously; the views of
 * `message` and `notify` are valid until it returns.
 */
export type MessageFallback<Definition extends MessageDefinition> = (
  message: MessageOf<Definition>,
  ack: Actions,
  notify: NotifyContext,
  reason: FallbackReason,
) => void | Actions;

/**
 * The fallback of all messages without one of their own. `message` is undefined when the handler of whole NOTIFYs failed.
 * `message` and `notify` are undefined when a fragmented NOTIFY was longer than `maxReassembledBytes`: `reason` is `tooBig`.
 */
export type Fallback = (
  message: MessageView<ArgumentTypes> | undefined,
  ack: Actions,
  notify: NotifyContext | undefined,
  reason: FallbackReason | 'tooBig',
) => void | Actions;

/** Options of one message, which replace the agent's. */
export interface MessageOptions<Definition extends MessageDefinition> {
  /**
   * How long the handler may take, in ms, instead of `processingTimeoutMs`; it may be longer, and 0 is no deadline. Set it below
   * HAProxy's `timeout processing`.
   */
  readonly timeoutMs?: number | undefined;
  /** Answers when the handler failed or was too late, instead of the agent's `fallback`. */
  readonly fallback?: MessageFallback<Definition> | undefined;
}

/** @throws {TypeError} or {RangeError} when options do not match {@link MessageOptions}. */
export function checkMessageOptions(options: MessageOptions<MessageDefinition<never>>): void {
  checkOptions('onMessage()', options, ['timeoutMs', 'fallback']);
  const { timeoutMs, fallback } = options;
  if (timeoutMs !== undefined) checkInteger('timeoutMs', timeoutMs, 0, MAX_TIMER_MS);
  if (fallback !== undefined) checkFunction('fallback', fallback);
}
