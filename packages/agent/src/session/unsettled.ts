import type { AckWriter, ArgumentTypes, MessageView } from '@spop/codec';
import type { FallbackReason } from '../message-handler.ts';
import type { NotifyContext } from '../notify-context.ts';
import type { AgentEvents, ConnectionInfo } from '../observe/events.ts';
import type { Answerer, Exchange } from '../notify/exchange.ts';
import { applyFallback } from '../notify/fallback.ts';
import type { HandlerEntry } from '../notify/handler-entry.ts';
import type { MessagePart } from '../notify/message-part.ts';
import { LinkedList } from '../notify/linked-list.ts';
import type { Shared } from '../shared.ts';
import { MAX_NAMES, toReportedNames } from '../notify/unhandled.ts';
import type { Transport } from './transport.ts';

/** What the unsettled NOTIFYs need of their session. */
export interface Owner {
  /** Describes the connection, for hooks and logs. */
  describe(): ConnectionInfo;
  /** An ACK was appended to the output. */
  noteAnswer(): void;
}

/**
 * The NOTIFYs of a session whose handlers have not settled. Each is answered when its handlers settle or at its deadline, or
 * is dropped with the connection.
 */
export class Unsettled implements Answerer {
  readonly #shared: Shared;
  readonly #transport: Transport;
  readonly #owner: Owner;
  readonly #exchanges: LinkedList<Exchange> = new LinkedList();
  /** Bytes of memory that the exchanges hold. */
  #heldBytes: number = 0;

  constructor(shared: Shared, transport: Transport, owner: Owner) {
    this.#shared = shared;
    this.#transport = transport;
    this.#owner = owner;
  }

  get count(): number {
    return this.#exchanges.count;
  }

  /** Whether the session has reached a limit of its own, so that it may read no further. */
  get isFull(): boolean {
    return this.reachedLimit !== undefined;
  }

  /** The limit that was reached, if {@link Unsettled.isFull}. */
  get reachedLimit(): 'maxInFlightPerConnection' | 'maxInFlightBytes' | undefined {
    const { inFlight, options } = this.#shared;
    if (this.#exchanges.count >= options.maxInFlightPerConnection) return 'maxInFlightPerConnection';
    return this.#heldBytes >= inFlight.maxBytesEach ? 'maxInFlightBytes' : undefined;
  }

  /** Takes over an exchange whose handlers were called, and have not settled. */
  add(exchange: Exchange): void {
    const { exchanges, inFlight, counters, turn } = this.#shared;
    exchanges.replace(exchange);
    counters.asynchronous++;
    exchange.receivedAt = turn.batchReadAt;
    exchange.detach(this, performance.now());
    this.#exchanges.add(exchange.unsettledLink);
    this.#heldBytes += exchange.heldBytes;
    inFlight.add(exchange);
  }

  noteGrowth(bytes: number): void {
    this.#heldBytes += bytes;
    this.#shared.inFlight.noteGrowth(bytes);
  }

  /** Gives the fallback actions to an exchange whose only handler threw. */
  failOnly(exchange: Exchange, error: unknown): void {
    this.#reportError(exchange, undefined, error);
    applyFallbackTo(exchange, this.#shared, 'threw');
  }

  fail(
    exchange: Exchange,
    entry: HandlerEntry,
    message: MessageView<ArgumentTypes> | undefined,
    ack: AckWriter,
    notify: NotifyContext,
    error: unknown,
  ): void {
    this.#reportError(exchange, entry, error);
    applyFallback(entry.fallback, ack, message, notify, 'threw');
  }

  /** Reports what a handler threw or rejected with: one of several, where `entry` says which. */
  #reportError(exchange: Exchange, entry: HandlerEntry | undefined, error: unknown): void {
    exchange.fail(error);
    const entries = entry === undefined ? [] : [entry];
    this.#shared.hooks.emitLazily('handlerError', () => ({ error, ...this.#describe(exchange, entries) }));
  }

  expire(exchange: Exchange): void {
    const { hooks } = this.#shared;
    hooks.emitLazily('handlerTimeout', () => this.#describe(exchange, []));
    // A hook may have ended the connection.
    if (exchange.isPending) this.#timeOut(exchange, `No answer within ${exchange.timeoutMs} ms`);
  }

  expirePart(exchange: Exchange, { timeoutMs }: MessagePart): void {
    const late = exchange.parts.filter((part) => part.isPending && part.timeoutMs > 0 && part.timeoutMs <= timeoutMs);
    this.#shared.hooks.emitLazily('handlerTimeout', () =>
      this.#describe(
        exchange,
        late.map(({ entry }) => entry),
      ),
    );
    exchange.outcome = 'timeout';
    for (const part of late) {
      // A hook, or a fallback, may have ended the connection.
      if (exchange.isPending)
        this.#answerForPart(exchange, part, 'timeout', new Error(`No answer within ${part.timeoutMs} ms`));
    }
  }

  /** Answers all NOTIFYs at once, with the fallback actions. */
  giveUp(reason: string): void {
    const exchanges = this.#exchanges;
    for (let next = exchanges.first; next !== undefined; next = exchanges.first) this.#timeOut(next, reason);
  }

  /** Drops all NOTIFYs: HAProxy waits for no answer any more. */
  drop(reason: Error): void {
    const exchanges = this.#exchanges;
    for (let next = exchanges.first; next !== undefined; next = exchanges.first) {
      this.#forget(next);
      next.drop(reason);
    }
  }

  /** The report on a NOTIFY, or on the messages of `entries` when several handlers fail one by one. */
  #describe(exchange: Exchange, entries: readonly HandlerEntry[]): AgentEvents['handlerTimeout'] {
    // The handler of whole NOTIFYs is about all messages.
    const isWhole = entries.length === 0 || entries.some(({ definition }) => definition === undefined);
    return {
      connection: this.#owner.describe(),
      streamId: exchange.reportedStreamId,
      messages: isWhole
        ? toReportedNames(exchange.notify)
        : entries.slice(0, MAX_NAMES).map(({ definition }) => definition!.name),
    };
  }

  settle(exchange: Exchange, error: unknown, isError: boolean): void {
    if (!exchange.isPending) {
      this.#shared.counters.lateAnswers++;
      return;
    }
    if (!isError) {
      exchange.settledCount++;
      this.#acknowledge(exchange, undefined);
      return;
    }
    this.#reportError(exchange, undefined, error);
    if (exchange.isPending) this.#answerFor(exchange, 'threw', failedNotify(error));
  }

  settlePart(exchange: Exchange, part: MessagePart, error: unknown, isError: boolean): void {
    if (!part.isPending) {
      this.#shared.counters.lateAnswers++;
      return;
    }
    exchange.settledCount++;
    if (isError) {
      this.#reportError(exchange, part.entry, error);
      if (part.isPending) this.#answerForPart(exchange, part, 'threw', failedNotify(error));
    } else {
      this.#endPart(exchange, part);
    }
  }

  /** Gives a part its fallback actions, and aborts its handler's signal. */
  #answerForPart(exchange: Exchange, part: MessagePart, reason: FallbackReason, error: Error): void {
    const { notify, place } = part;
    const message = place < 0 ? undefined : notify.messageAt(place);
    applyFallback(part.entry.fallback, part.ack, message, part.context, reason);
    if (!part.isPending) return;
    part.abort(error);
    if (part.isPending) this.#endPart(exchange, part);
  }

  #endPart(exchange: Exchange, part: MessagePart): void {
    part.isPending = false;
    this.#shared.inFlight.removePart(part);
    if (--exchange.pendingPartCount === 0) this.#acknowledge(exchange, undefined);
  }

  #timeOut(exchange: Exchange, reason: string): void {
    exchange.outcome = 'timeout';
    const error = new Error(reason);
    if (exchange.parts.length === 0) {
      this.#answerFor(exchange, 'timeout', error);
      return;
    }
    for (const part of exchange.parts) if (part.isPending) this.#answerForPart(exchange, part, 'timeout', error);
  }

  /** Answers an exchange with its fallback instead of its only handler, and aborts that handler's signal. */
  #answerFor(exchange: Exchange, reason: FallbackReason, error: Error): void {
    // The exchange still counts as in flight, so that a fallback that closes the agent does not end the session before this ACK.
    applyFallbackTo(exchange, this.#shared, reason);
    if (exchange.isPending) this.#acknowledge(exchange, error);
  }

  /** Answers an exchange; `abortReason` aborts the signal of its only handler, when the fallback answered. */
  #acknowledge(exchange: Exchange, abortReason: Error | undefined): void {
    const { counters, exchanges } = this.#shared;
    this.#forget(exchange);
    exchange.endAck(this.#transport.output);
    counters.latency.record(performance.now() - exchange.receivedAt, 1);
    this.#owner.noteAnswer();
    this.#transport.scheduleFlush();
    this.#transport.mayResume();
    const { isReusable } = exchange;
    if (abortReason !== undefined) exchange.abort(abortReason);
    exchange.close();
    if (isReusable) exchanges.giveBack(exchange);
  }

  #forget(exchange: Exchange): void {
    exchange.isPending = false;
    if (this.#exchanges.remove(exchange.unsettledLink)) this.#heldBytes -= exchange.heldBytes;
    this.#shared.inFlight.remove(exchange);
  }
}

/** Replaces the actions of an exchange's only handler with those of its fallback. */
function applyFallbackTo(exchange: Exchange, { handlers }: Shared, reason: FallbackReason): void {
  const { ack, context, notify } = exchange;
  const { definition, fallback } = handlers.onlyEntryOf(notify);
  const message = definition === undefined ? undefined : notify.messageAt(0);
  applyFallback(fallback, ack, message, context, reason);
}

/** The reason with which signals abort after a handler of the NOTIFY failed. */
export function failedNotify(error: unknown): Error {
  return new Error('A handler of the NOTIFY failed', { cause: error });
}
