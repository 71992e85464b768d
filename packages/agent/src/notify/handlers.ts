import { types } from 'node:util';
import { type ArgumentTypes, type MessageDefinition, type Notify, SpopError } from '@spop/codec';
import { InternalMessageSet } from '@spop/codec/internal';
import { check, checkFunction, isObject } from '../checks.ts';
import {
  checkMessageOptions,
  type Fallback,
  type MessageHandler,
  type MessageOptions,
  type NotifyHandler,
} from '../message-handler.ts';
import { isThenable } from '../thenable.ts';
import type { Answerer, Exchange } from './exchange.ts';
import type { HandlerEntry } from './handler-entry.ts';

/** Defaults for messages without options of their own; see the agent's options of the same names. */
export interface HandlerDefaults {
  readonly processingTimeoutMs: number;
  readonly fallback: Fallback;
}

/** The place of the handler of whole NOTIFYs, where others have the index of their message. */
const WHOLE = -1;

/** The handlers of an agent, by message name. */
export class Handlers {
  readonly #defaults: HandlerDefaults;
  /** In the order of the message set's definitions. */
  readonly #entries: HandlerEntry[] = [];
  #wholeEntry: HandlerEntry | undefined;
  #hasAsync: boolean = false;
  #set: InternalMessageSet | undefined;

  constructor(defaults: HandlerDefaults) {
    this.#defaults = defaults;
  }

  /**
   * @throws {SpopError} SPOP_INVALID_NAME for a second handler of one name; SPOP_MISUSE once NOTIFYs are served; {TypeError}
   * when the definition was not made by `defineMessage` or the handler is not a function; {TypeError} or {RangeError} for the
   * options.
   */
  add<Args extends ArgumentTypes>(
    definition: MessageDefinition<Args>,
    handler: MessageHandler<MessageDefinition<Args>>,
    options: MessageOptions<MessageDefinition<Args>> = {},
  ): void {
    this.#checkOpen();
    // Not instanceof: the process may have loaded the codec twice.
    const isDefinition = isObject(definition) && 'namePattern' in definition;
    check(isDefinition, 'a message definition made by defineMessage()', definition);
    checkFunction('a handler', handler);
    checkMessageOptions(options);
    if (this.#entries.some((other) => other.definition!.name === definition.name)) {
      throw new SpopError('SPOP_INVALID_NAME', `expected one handler for message '${definition.name}'; found a second`);
    }
    const { processingTimeoutMs, fallback } = this.#defaults;
    this.#entries.push({
      definition,
      handler,
      timeoutMs: options.timeoutMs ?? processingTimeoutMs,
      // It is only called with views of this definition.
      fallback: (options.fallback as Fallback | undefined) ?? fallback,
      isAsync: types.isAsyncFunction(handler),
    });
    this.#noteAsync();
  }

  /** @throws {SpopError} SPOP_MISUSE for a second handler, or once NOTIFYs are served; {TypeError} as `add`. */
  setNotifyHandler(handler: NotifyHandler): void {
    this.#checkOpen();
    checkFunction('a handler', handler);
    if (this.#wholeEntry !== undefined) {
      throw new SpopError('SPOP_MISUSE', 'expected one handler for whole NOTIFYs; found a second');
    }
    const { processingTimeoutMs, fallback } = this.#defaults;
    this.#wholeEntry = {
      definition: undefined,
      handler: (_, ack, notify) => handler(notify, ack),
      timeoutMs: processingTimeoutMs,
      fallback,
      isAsync: types.isAsyncFunction(handler),
    };
    this.#noteAsync();
  }

  /** The declared messages. After its first use no handler can be added. */
  get set(): InternalMessageSet {
    this.#set ??= new InternalMessageSet(this.#entries.map(({ definition }) => definition!));
    return this.#set;
  }

  /** The names of the declared messages of a NOTIFY, for reports. It decodes nothing, and does not move a handler's reader. */
  namesOf(notify: Notify): string[] {
    return Array.from(
      { length: notify.messageCount },
      (_, i) => this.#entries[notify.definitionIndexAt(i)]!.definition!.name,
    );
  }

  /** The entry of the only handler of a NOTIFY. */
  onlyEntryOf(notify: Notify): HandlerEntry {
    return notify.messageCount === 0 ? this.#wholeEntry! : this.#entries[notify.definitionIndexAt(0)]!;
  }

  /** The longest time that a handler of the NOTIFY may take, in ms; 0 is no limit. */
  timeoutOf(notify: Notify): number {
    let longest = this.#wholeEntry?.timeoutMs ?? -1;
    for (let i = 0; i < notify.messageCount && longest !== 0; i++) {
      const { timeoutMs } = this.#entries[notify.definitionIndexAt(i)]!;
      longest = timeoutMs === 0 ? 0 : Math.max(longest, timeoutMs);
    }
    return longest;
  }

  /** The longest time that any handler may take, in ms; 0 is no limit. */
  get longestTimeoutMs(): number {
    const timeouts = this.#entries.map(({ timeoutMs }) => timeoutMs);
    if (this.#wholeEntry !== undefined) timeouts.push(this.#wholeEntry.timeoutMs);
    return timeouts.includes(0) ? 0 : Math.max(1, ...timeouts);
  }

  /** Whether a handler of the NOTIFY is known to return promises, and so may outlive its call. */
  isKnownAsync(notify: Notify): boolean {
    if (!this.#hasAsync) return false;
    let isAsync = this.#wholeEntry?.isAsync ?? false;
    for (let i = 0; i < notify.messageCount; i++) isAsync ||= this.#entries[notify.definitionIndexAt(i)]!.isAsync;
    return isAsync;
  }

  /**
   * Calls the handlers of a NOTIFY: those of its messages in the order of the messages, then the one of whole NOTIFYs. The
   * exchange waits for the promises that they return. Returns whether there was any handler.
   *
   * @throws what the handler threw, when there is only one. With several, the answerer is told.
   */
  run(exchange: Exchange, answerer: Answerer): boolean {
    const { notify } = exchange;
    if (notify.messageCount !== 1 || this.#wholeEntry !== undefined) return this.#runAny(exchange, answerer);
    const found = notify.foundAt(0);
    const entry = this.#entries[found.index]!;
    const { handler } = entry;
    // The view has the definition that the handler was added with.
    const result = handler(notify.viewOf(found) as never, exchange.actions, exchange.context);
    if (result !== undefined && isThenable(result)) {
      exchange.waitFor(result);
      this.#noteThenable(entry);
    }
    return true;
  }

  #runAny(exchange: Exchange, answerer: Answerer): boolean {
    const { ack, notify } = exchange;
    const count = notify.messageCount;
    const whole = this.#wholeEntry;
    if (count === 0) {
      if (whole === undefined) return false;
      const result = whole.handler(undefined as never, exchange.actions, exchange.context);
      if (result !== undefined && isThenable(result)) {
        exchange.waitFor(result);
        this.#noteThenable(whole);
      }
      return true;
    }
    const offset = ack.actionsOffset;
    let failed: HandlerEntry[] | undefined;
    for (let i = 0; i < count; i++) {
      const entry = this.#entries[notify.definitionIndexAt(i)]!;
      // A peer may repeat a message thousands of times; HAProxy never does.
      if (failed !== undefined && failed.includes(entry)) continue;
      if (!this.#runOne(exchange, answerer, entry, i)) (failed ??= []).push(entry);
    }
    if (whole !== undefined) this.#runOne(exchange, answerer, whole, WHOLE);
    ack.beginActionsAt(offset);
    return true;
  }

  /** Calls one of several handlers; returns false when it threw. */
  #runOne(exchange: Exchange, answerer: Answerer, entry: HandlerEntry, place: number): boolean {
    const { notify } = exchange;
    const message = place === WHOLE ? undefined : notify.messageAt(place);
    const part = entry.isAsync ? exchange.beginPart(entry, place) : undefined;
    const { ack, actions, context } = part ?? exchange;
    if (part === undefined) exchange.beginActions();
    try {
      const result = entry.handler(message as never, actions, context);
      if (result !== undefined && isThenable(result)) {
        exchange.waitForPart(part ?? exchange.splitPart(entry, place), result);
        this.#noteThenable(entry);
        return true;
      }
    } catch (error) {
      answerer.fail(exchange, entry, message, ack, context, error);
      if (part !== undefined) exchange.joinPart(part);
      return false;
    }
    if (part !== undefined) exchange.joinPart(part);
    return true;
  }

  #noteThenable(entry: HandlerEntry): void {
    if (entry.isAsync) return;
    entry.isAsync = true;
    this.#noteAsync();
  }

  /** Updates the flag that the hot path reads: whether any handler is known to return promises. */
  #noteAsync(): void {
    this.#hasAsync = this.#wholeEntry?.isAsync === true || this.#entries.some(({ isAsync }) => isAsync);
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
