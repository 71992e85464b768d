import type { AgentEvents, ConnectionInfo } from '../observe/events.ts';
import type { Exchange } from '../notify/exchange.ts';
import { applyFallback } from '../notify/fallback.ts';
import type { Answerer } from '../notify/in-flight.ts';
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
  readonly #exchanges: Set<Exchange> = new Set();

  constructor(shared: Shared, transport: Transport, owner: Owner) {
    this.#shared = shared;
    this.#transport = transport;
    this.#owner = owner;
  }

  get count(): number {
    return this.#exchanges.size;
  }

  /** Takes over an exchange whose handlers were called and have not settled; its ACK may take `maxAckBytes`. */
  add(exchange: Exchange, maxAckBytes: number): void {
    const { exchanges, inFlight, counters, turn } = this.#shared;
    exchanges.replace(exchange);
    counters.asynchronous++;
    exchange.receivedAt = turn.batchReadAt;
    exchange.detach(maxAckBytes, performance.now());
    this.#exchanges.add(exchange);
    inFlight.add(exchange, this);
    this.listen(exchange);
  }

  /** Listens to all handlers of a NOTIFY that have not settled, whoever answers it. */
  listen(exchange: Exchange): void {
    for (const promise of exchange.pending ?? []) {
      // Not `promise.then`, which an object that is a promise can have replaced.
      void Promise.prototype.then.call(
        promise,
        () => this.#settle(exchange, undefined, false),
        (error: unknown) => this.#settle(exchange, error, true),
      );
    }
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
    for (const exchange of this.#exchanges) this.#timeOut(exchange, reason);
  }

  /** Forgets all: HAProxy waits for no answer any more. */
  drop(reason: Error): void {
    for (const exchange of this.#exchanges) {
      this.#forget(exchange);
      exchange.drop();
      exchange.abort(reason);
    }
  }

  #describe(exchange: Exchange): AgentEvents['timeout'] {
    return {
      connection: this.#owner.describe(),
      streamId: exchange.reportedStreamId,
      messages: toReportedNames(exchange),
    };
  }

  #settle(exchange: Exchange, error: unknown, isError: boolean): void {
    if (!exchange.isPending) {
      this.#shared.counters.lateAnswers++;
      return;
    }
    if (isError) {
      this.reportError(exchange, error);
      if (!exchange.isPending) return;
      this.#acknowledge(exchange, true);
      exchange.abort(failedNotify(error));
    } else if (++exchange.settledCount === exchange.pending?.length) {
      this.#acknowledge(exchange, false);
    }
  }

  #timeOut(exchange: Exchange, reason: string): void {
    exchange.outcome = 'timeout';
    this.#acknowledge(exchange, true);
    exchange.abort(new Error(reason));
  }

  #acknowledge(exchange: Exchange, withFallback: boolean): void {
    const { counters, options } = this.#shared;
    // While it still counts as in flight, so that an agent closed in there does not end the session before this ACK.
    if (withFallback) applyFallback(options, exchange.ack);
    if (!exchange.isPending) return;
    this.#forget(exchange);
    const { output } = this.#transport;
    const buffer = output.reserve(exchange.maxAckBytes);
    output.commit(exchange.finish(buffer, output.length));
    counters.latency.record(performance.now() - exchange.receivedAt, 1);
    this.#owner.noteAnswer();
    this.#transport.scheduleFlush();
    this.#transport.mayResume();
  }

  #forget(exchange: Exchange): void {
    exchange.isPending = false;
    this.#exchanges.delete(exchange);
    this.#shared.inFlight.remove(exchange);
  }
}

/** What the handlers of a NOTIFY are told that got the fallback actions because one of them failed. */
export function failedNotify(error: unknown): Error {
  return new Error('A handler of the NOTIFY failed', { cause: error });
}
