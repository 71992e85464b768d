import { types } from 'node:util';
import {
  type Actions,
  type ArgumentTypes,
  type MessageDefinition,
  type MessageOf,
  MessageSet,
  type Notify,
  SpopError,
} from '@spop/codec';
import { check, checkFunction, isObject } from '../checks.ts';
import type { Exchange } from './exchange.ts';
import type { NotifyContext } from '../notify-context.ts';
import { isThenable } from '../thenable.ts';

/**
 * What a handler may return: nothing, or the ACK itself, as `(message, ack) => ack.set(score, 1)` does; or a promise, which
 * is waited for.
 */
export type HandlerResult = void | Actions | PromiseLike<void | Actions>;

/**
 * Answers one message: reads `message`, writes `ack`. A handler that returns a promise is waited for; its views stay
 * valid until it settles. What a handler throws or rejects with is reported to the hook `handlerError`, and the stream
 * is acknowledged with the fallback actions. A handler in a file of its own gets its types from its definition:
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

type AnyHandler = (message: never, ack: Actions, notify: NotifyContext) => HandlerResult;

/** The handlers of an agent, by message name. */
export class Handlers {
  readonly #definitions: MessageDefinition[] = [];
  readonly #handlers: AnyHandler[] = [];
  #notifyHandler: NotifyHandler | undefined;
  /** Which handlers are known to return promises: async functions, and those that did before. */
  readonly #isAsync: boolean[] = [];
  #isNotifyAsync: boolean = false;
  #hasAsync: boolean = false;
  #set: MessageSet | undefined;

  /**
   * @throws {SpopError} SPOP_INVALID_NAME for a second handler of one name, SPOP_MISUSE once NOTIFYs are served;
   * {TypeError} where the definition is none, or the handler no function.
   */
  add<Args extends ArgumentTypes>(
    definition: MessageDefinition<Args>,
    handler: MessageHandler<MessageDefinition<Args>>,
  ): void {
    this.#checkOpen();
    // No instanceof: the codec may be there twice.
    const isDefinition = isObject(definition) && 'namePattern' in definition;
    check(isDefinition, 'a message definition made by defineMessage()', definition);
    checkFunction('a handler', handler);
    if (this.#definitions.some((other) => other.name === definition.name)) {
      throw new SpopError('SPOP_INVALID_NAME', `expected one handler for message '${definition.name}'; found a second`);
    }
    this.#definitions.push(definition);
    this.#handlers.push(handler);
    this.#isAsync.push(types.isAsyncFunction(handler));
    this.#noteAsync();
  }

  /** @throws {SpopError} SPOP_MISUSE for a second one, or once NOTIFYs are served; {TypeError} as `add`. */
  setNotifyHandler(handler: NotifyHandler): void {
    this.#checkOpen();
    checkFunction('a handler', handler);
    if (this.#notifyHandler !== undefined) {
      throw new SpopError('SPOP_MISUSE', 'expected one handler for whole NOTIFYs; found a second');
    }
    this.#notifyHandler = handler;
    this.#isNotifyAsync = types.isAsyncFunction(handler);
    this.#noteAsync();
  }

  /** The declared messages; from its first use on no handler can be added. */
  get set(): MessageSet {
    this.#set ??= new MessageSet(this.#definitions);
    return this.#set;
  }

  /** The names of the declared messages of a NOTIFY, for reports: nothing is decoded, nor a walk of its handlers moved. */
  namesOf(notify: Notify): string[] {
    return Array.from({ length: notify.messageCount }, (_, i) => this.#definitions[notify.definitionIndexAt(i)]!.name);
  }

  /** Whether a handler of that NOTIFY is known to return promises, so that it may outlive its call. */
  isKnownAsync(notify: Notify): boolean {
    if (!this.#hasAsync) return false;
    let isAsync = this.#isNotifyAsync;
    for (let i = 0; i < notify.messageCount; i++) isAsync ||= this.#isAsync[notify.definitionIndexAt(i)]!;
    return isAsync;
  }

  /**
   * Calls the handlers of a NOTIFY: those of its messages in the order the messages came, then that of the whole. The
   * exchange waits for what they return, also where a handler throws. Returns whether there was any.
   */
  run(exchange: Exchange): boolean {
    const { notify, actions, context } = exchange;
    const count = notify.messageCount;
    for (let i = 0; i < count; i++) {
      const found = notify.foundAt(i);
      const { index } = found;
      const handler = this.#handlers[index]!;
      // The view is of the definition that the handler was added with.
      const result = handler(notify.viewOf(found) as never, actions, context);
      if (result !== undefined && isThenable(result)) {
        exchange.waitFor(result);
        if (!this.#isAsync[index]!) {
          this.#isAsync[index] = true;
          this.#noteAsync();
        }
      }
    }
    if (this.#notifyHandler !== undefined) {
      const handler = this.#notifyHandler;
      const result = handler(context, actions);
      if (result !== undefined && isThenable(result)) {
        exchange.waitFor(result);
        if (!this.#isNotifyAsync) {
          this.#isNotifyAsync = true;
          this.#noteAsync();
        }
      }
      return true;
    }
    return count > 0;
  }

  /** Takes down for the hot path what is known of handlers that return promises. */
  #noteAsync(): void {
    this.#hasAsync = this.#isNotifyAsync || this.#isAsync.includes(true);
  }

  #checkOpen(): void {
    if (this.#set !== undefined) {
      throw new SpopError(
        'SPOP_MISUSE',
        'expected all handlers before the first listen(), handle() or close(); found one more',
      );
    }
  }
}
