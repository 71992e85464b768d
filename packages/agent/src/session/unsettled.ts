import type { AgentEvents, ConnectionInfo } from '../observe/events.ts';
import type { Answerer, Exchange } from '../notify/exchange.ts';
import { applyFallback } from '../notify/fallback.ts';
import { LinkedList } from '../notify/linked-list.ts';
import type { Shared } from '../shared.ts';
import { toReportedNames } from '../notify/unhandled.ts';
import type { Transport } from './transport.ts';

/** What the NOTIFYs that have not settled ask of their session. */
export interface Owner {
  /** Which connection it is, for hooks and logs. */
  describe(): ConnectionInfo;
  /** An ACK was appended to the output. */
  noteAnswer(): void;
}

/**
 * The NOTIFYs of a session whose handlers have not settled: each is answered when they have, or at its deadline, or
 * dropped with the connection.
 */
export class Unsettled implements Answerer {
  readonly #shared: Shared;
  readonly #transport: Transport;
  readonly #owner: Owner;
  readonly #exchanges: LinkedList<Exchange> = new LinkedList();
  /** Bytes of memory that they hold. */
  #heldBytes: number = 0;

  constructor(shared: Shared, transport: Transport, owner: Owner) {
    this.#shared = shared;
    this.#transport = transport;
    this.#owner = owner;
  }

  get count(): number {
    return this.#exchanges.count;
  }

  /** Whether so many are in flight, or such large ones, that the session may read no further, whatever others do. */
  get isFull(): boolean {
    return this.reachedLimit !== undefined;
  }

  /** The limit that {@link Unsettled.isFull} is about, if it is. */
  get reachedLimit(): 'maxInFlightPerConnection' | 'maxInFlightBytes' | undefined {
    const { inFlight, options } = this.#shared;
    if (this.#exchanges.count >= options.maxInFlightPerConnection) return 'maxInFlightPerConnection';
    return this.#heldBytes >= inFlight.maxBytesEach ? 'maxInFlightBytes' : undefined;
  }

  /** Takes over an exchange whose handlers were called and have not settled; its ACK may take `maxAckBytes`. */
  add(exchange: Exchange, maxAckBytes: number): void {
    const { exchanges, inFlight, counters, turn } = this.#shared;
    exchanges.replace(exchange);
    counters.asynchronous++;
    exchange.receivedAt = turn.batchReadAt;
    exchange.detach(this, maxAckBytes, performance.now());
    this.#exchanges.add(exchange.unsettledLink);
    this.#heldBytes += exchange.heldBytes;
    inFlight.add(exchange);
  }

  noteGrowth(bytes: number): void {
    this.#heldBytes += bytes;
    this.#shared.inFlight.noteGrowth(bytes);
  }

  /** Reports what a handler threw or rejected with. */
  reportError(exchange: Exchange, error: unknown): void {
    exchange.fail(error);
    this.#shared.hooks.emitLazily('handlerError', () => ({ error, ...this.#describe(exchange) }));
  }

  /** Answers an exchange at its deadline. */
  expire(exchange: Exchange): void {
    const { hooks, options } = this.#shared;
    hooks.emitLazily('timeout', () => this.#describe(exchange));
    // A hook may have ended the connection.
    if (exchange.isPending) this.#timeOut(exchange, `No answer within ${options.processingTimeoutMs} ms`);
  }

  /** Answers all at once, with the fallback actions. */
  giveUp(reason: string): void {
    const exchanges = this.#exchanges;
    for (let next = exchanges.first; next !== undefined; next = exchanges.first) this.#timeOut(next, reason);
  }

  /** Forgets all: HAProxy waits for no answer any more. */
  drop(reason: Error): void {
    const exchanges = this.#exchanges;
    for (let next = exchanges.first; next !== undefined; next = exchanges.first) {
      this.#forget(next);
      next.drop(reason);
    }
  }

  #describe(exchange: Exchange): AgentEvents['timeout'] {
    return {
      connection: this.#owner.describe(),
      streamId: exchange.reportedStreamId,
      messages: toReportedNames(exchange.notify),
    };
  }

  settle(exchange: Exchange, error: unknown, isError: boolean): void {
    if (!exchange.isPending) {
      this.#shared.counters.lateAnswers++;
      return;
    }
    if (isError) {
      this.reportError(exchange, error);
      if (!exchange.isPending) return;
      this.#acknowledge(exchange, failedNotify(error));
    } else if (++exchange.settledCount === exchange.waitCount) {
      this.#acknowledge(exchange, undefined);
    }
  }

  #timeOut(exchange: Exchange, reason: string): void {
    exchange.outcome = 'timeout';
    this.#acknowledge(exchange, new Error(reason));
  }

  /** Answers an exchange; where that is with the fallback actions, `abortReason` tells its handlers why. */
  #acknowledge(exchange: Exchange, abortReason: Error | undefined): void {
    const { counters, exchanges, options } = this.#shared;
    // While it still counts as in flight, so that an agent closed in there does not end the session before this ACK.
    if (abortReason !== undefined) applyFallback(options, exchange.ack);
    if (!exchange.isPending) return;
    this.#forget(exchange);
    exchange.finish(this.#transport.output);
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

/** What the handlers of a NOTIFY are told that got the fallback actions because one of them failed. */
export function failedNotify(error: unknown): Error {
  return new Error('A handler of the NOTIFY failed', { cause: error });
}
