import type { Actions, ArgumentTypes, MessageDefinition, MessageOf, MessageView } from '@spop/codec';
import { checkFunction, checkInteger, checkOptions, MAX_TIMER_MS } from './checks.ts';
import type { NotifyContext } from './notify-context.ts';

/**
 * What a handler may return: nothing, or the ACK itself, as `(message, ack) => ack.set(score, 1)` does; or a promise, which
 * is waited for.
 */
export type HandlerResult = void | Actions | PromiseLike<void | Actions>;

/**
 * Answers one message: reads `message`, writes `ack`. A handler that returns a promise is waited for; its views stay
 * valid until it settles. What a handler throws or rejects with is reported to the hook `handlerError`, and its message gets
 * the fallback instead of what the handler has set. A handler in a file of its own gets its types from its definition:
 *
 *     export const score: MessageHandler<typeof checkClientIp> = ({ ip }, ack) => ack.set(ipScore, scoreOf(ip));
 */
export type MessageHandler<Definition extends MessageDefinition> = (
  message: MessageOf<Definition>,
  ack: Actions,
  notify: NotifyContext,
) => HandlerResult;

/** Answers a whole NOTIFY, after the handlers of its messages were called. */
export type NotifyHandler = (notify: NotifyContext, ack: Actions) => HandlerResult;

/** Why a message got its fallback: its handler threw or rejected, or it was too late, or the agent closed before it was done. */
export type FallbackReason = 'threw' | 'timeout';

/**
 * Answers a message in the place of a handler that failed or was too late, before it returns. The views of `message` and
 * `notify` are valid while it runs.
 */
export type MessageFallback<Definition extends MessageDefinition> = (
  message: MessageOf<Definition>,
  ack: Actions,
  notify: NotifyContext,
  reason: FallbackReason,
) => void | Actions;

/**
 * The fallback of all messages that have none of their own. `message` is undefined where the handler of whole NOTIFYs failed,
 * and both are where a fragmented NOTIFY was longer than `maxReassembledBytes`: its `reason` is `tooBig`.
 */
export type Fallback = (
  message: MessageView<ArgumentTypes> | undefined,
  ack: Actions,
  notify: NotifyContext | undefined,
  reason: FallbackReason | 'tooBig',
) => void | Actions;

/** How one message is answered, where that differs from the agent's options. */
export interface MessageOptions<Definition extends MessageDefinition> {
  /**
   * How many ms the handler may take, instead of `processingTimeoutMs`, than which it may be longer; 0 is no deadline. Set it
   * below HAProxy's `timeout processing`.
   */
  readonly timeoutMs?: number | undefined;
  /** Answers in the handler's place where it failed or was too late, instead of the agent's `fallback`. */
  readonly fallback?: MessageFallback<Definition> | undefined;
}

/** @throws {TypeError} or {RangeError} where options are not as {@link MessageOptions} says. */
export function checkMessageOptions(options: MessageOptions<MessageDefinition<never>>): void {
  checkOptions('onMessage()', options, ['timeoutMs', 'fallback']);
  const { timeoutMs, fallback } = options;
  if (timeoutMs !== undefined) checkInteger('timeoutMs', timeoutMs, 0, MAX_TIMER_MS);
  if (fallback !== undefined) checkFunction('fallback', fallback);
}
