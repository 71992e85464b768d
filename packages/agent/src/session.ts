import {
  type Frame,
  FrameType,
  type HaproxyHello,
  SpopError,
  Status,
  STATUS_MESSAGES,
  toDisconnect,
  toHaproxyHello,
} from '@spop/codec';
import { appendDisconnect, appendHello } from './control-frames.ts';
import type { Exchange } from './exchange.ts';
import { applyFallback } from './fallback.ts';
import { Fragments } from './fragments.ts';
import { negotiate } from './handshake.ts';
import type { ConnectionInfo } from './hooks.ts';
import type { Output } from './output.ts';
import type { Shared } from './shared.ts';
import { type ConnectionState, reactionTo } from './state.ts';
import { isTracing, notifyStart } from './trace.ts';

/** Of the names of messages that there is no handler for so many are reported, and so much of each. */
const MAX_REPORTED_NAMES = 8;
const MAX_REPORTED_LENGTH = 64;

// Compiled in, unlike what is imported (benchmark `load`).
const NOTIFY = FrameType.Notify;

/** What a session asks of the connection that it speaks over. */
export interface Transport {
  /** Counts the agent's connections, from 1 on. */
  readonly id: number;
  /** The peer's address, as far as the stream has one. */
  readonly remote: string | undefined;
  readonly output: Output;
  /** Bytes that have come since the beginning. */
  readonly bytesRead: number;
  /** Whether bytes have come that were not received as a frame yet. */
  readonly hasUnread: boolean;
  /** Whether bytes may have come that were not read, since reading was paused. */
  readonly wasHeldBack: boolean;
  /** Frames are waiting in `output`: write them by the end of this turn of the event loop. */
  scheduleFlush(): void;
  /** The last frame was written: close this side, read on until the peer closes, for a bounded time. */
  leave(): void;
  /** Fewer NOTIFYs are in flight than before, or none count any more: reading may go on. Returns whether it does. */
  mayResume(): boolean;
  /** The longest frame to accept from now on. */
  setMaxFrameSize(bytes: number): void;
}

/**
 * What one connection says and is told: the handshake, NOTIFYs and their ACKs, fragments, and the end. It takes whole
 * frames and writes whole frames, and knows nothing of sockets.
 */
export class Session {
  state: ConnectionState = 'awaiting-hello';
  /** The HAPROXY-HELLO, once it came. */
  hello: HaproxyHello | undefined;
  /** NOTIFYs whose handlers have not settled. */
  readonly inFlight: Set<Exchange> = new Set();
  /** Whether HAProxy may send a NOTIFY before the last one is acknowledged. */
  isPipelined: boolean = false;
  /** The status code that ended the session, and why. */
  endStatus: number = Status.Normal;
  endReason: string = STATUS_MESSAGES[Status.Normal];
  readonly #shared: Shared;
  readonly #transport: Transport;
  readonly #output: Output;
  readonly #fragments: Fragments;
  #maxAckBytes: number = 0;
  /** Whether handlers are being called: the ACK that they write stands at the end of the output. */
  #isProcessing: boolean = false;
  /** Whether anybody wants to hear of the NOTIFYs of this batch. */
  #isTraced: boolean = false;
  #isDraining: boolean = false;
  /** Whether it may end with any ACK, and with one before which no more bytes than these had been read. */
  #isHurried: boolean = false;
  #gapAt: number = -1;
  /** Whether no further NOTIFY is taken. */
  #isStopped: boolean = false;
  /** Whether a NOTIFY was answered since the session is draining. */
  #hasAnswered: boolean = false;

  constructor(shared: Shared, transport: Transport) {
    this.#shared = shared;
    this.#transport = transport;
    this.#output = transport.output;
    this.#fragments = new Fragments(shared.options.maxReassembledBytes);
  }

  get engineId(): string | undefined {
    return this.hello?.engineId;
  }

  /** Whether so many NOTIFYs are in flight that no further one may be read. */
  get isFull(): boolean {
    if (this.state !== 'ready' && this.state !== 'draining') return false;
    if (this.#isStopped) return true;
    const { options } = this.#shared;
    return this.inFlight.size >= options.maxInFlightPerConnection || this.#shared.inFlight.isFull;
  }

  /** Which connection this is, for hooks and logs. */
  describe(): ConnectionInfo {
    return { id: this.#transport.id, remote: this.#transport.remote, engineId: this.engineId };
  }

  /** Which fragmented NOTIFY was begun and not ended, counted from 1 on; 0 for none. */
  get fragmented(): number {
    return this.#fragments.isActive ? this.#fragments.begun : 0;
  }

  /** Makes ready for a batch of frames; returns whether any may be received now. */
  beginBatch(): boolean {
    this.#isTraced = isTracing();
    return !this.isFull;
  }

  /**
   * Takes a frame, and returns whether it may take another one before fewer NOTIFYs are in flight.
   *
   * @throws {SpopError} what is wrong with the frame, or that it came at all.
   */
  receive(frame: Frame): boolean {
    // The one frame that comes again and again (benchmark `load`).
    if (this.state === 'ready' && frame.type === NOTIFY && frame.fin && !this.#fragments.isActive) {
      return this.#process(frame);
    }
    return this.#receiveOther(frame);
  }

  /** A function of its own, so that V8 inlines the one above. */
  #receiveOther(frame: Frame): boolean {
    switch (reactionTo(this.state, frame.type)) {
      case 'notify':
        return this.#receiveNotify(frame);
      case 'continuation':
        return this.#receiveContinuation(frame);
      case 'handshake':
        this.#shakeHands(frame);
        break;
      case 'disconnect':
        this.#receiveDisconnect(frame);
        break;
      default:
    }
    return !this.isFull;
  }

  /** Ends the session with an AGENT-DISCONNECT. */
  end(status: Status, reason: string): void {
    if (this.state === 'leaving' || this.state === 'closed') return;
    this.endStatus = status;
    this.endReason = reason;
    this.#writeDisconnect(status, reason);
  }

  /** Ends the session with an AGENT-DISCONNECT about the peer's error; NOTIFYs in flight are forgotten by HAProxy. */
  fail(error: SpopError): void {
    this.end(error.status ?? Status.Unknown, error.reason);
  }

  /** Ends the session at once: what is in flight gets the fallback actions. */
  giveUp(reason: string): void {
    if (this.state === 'awaiting-hello') return;
    for (const exchange of this.inFlight) {
      exchange.outcome = 'timeout';
      this.#acknowledge(exchange, true);
      exchange.abort(new Error(reason));
    }
    this.end(Status.Timeout, reason);
  }

  /** Makes the session end when it can, see drain.ts. */
  drain(): void {
    this.#isDraining = true;
    if (this.state === 'ready') this.state = 'draining';
  }

  /** Lets the session that is draining end with any ACK after which nothing is in flight, pipelined or not. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Takes no further NOTIFY, so that the session that is draining ends with the ACK of the last that it took. */
  stopReading(): void {
    this.#isStopped = true;
  }

  /** Nothing has come for a moment: lets the session that is draining end with an ACK before which nothing comes either. */
  noteGap(): void {
    this.#gapAt = this.#transport.bytesRead;
  }

  /** Ends the session that is draining with the ACK that is about to be written, where that is the moment for it. */
  endIfDrained(): void {
    if (this.state !== 'draining' || !this.#hasAnswered || !this.#isQuiet) return;
    if (this.isPipelined && this.#mayHaveMore) return;
    const isGap = this.#gapAt === this.#transport.bytesRead;
    if (!this.isPipelined || this.#isHurried || isGap) this.#endNormally();
  }

  /** Whether the session that is draining, or has not begun, has nothing in flight. */
  get isIdle(): boolean {
    return this.state === 'awaiting-hello' || (this.state === 'draining' && this.#isQuiet);
  }

  /** Ends the session if it is idle. */
  endIfIdle(): void {
    if (this.isIdle && !this.#mayHaveMore) this.#endNormally();
  }

  /** The connection is gone: handlers that still run are told, and their results dropped. */
  close(): void {
    this.state = 'closed';
    this.#fragments.drop();
    this.#dropInFlight(new Error('The connection to HAProxy ended'));
  }

  /** Answers an exchange whose handlers have not settled in time. */
  expire(exchange: Exchange): void {
    this.#shared.hooks.emit('timeout', { connection: this.describe(), streamId: exchange.reportedStreamId });
    // A hook may have ended the connection.
    if (!exchange.isPending) return;
    exchange.outcome = 'timeout';
    this.#acknowledge(exchange, true);
    exchange.abort(new Error(`No answer within ${this.#shared.options.processingTimeoutMs} ms`));
  }

  /** Whether a NOTIFY may have come that was not read: what HAProxy sent to a connection that is held back is no silence. */
  get #mayHaveMore(): boolean {
    return this.state === 'draining' && !this.#isStopped && this.#transport.wasHeldBack;
  }

  get #isQuiet(): boolean {
    if (this.inFlight.size > 0 || this.#isProcessing) return false;
    return this.#isStopped || !(this.#fragments.isActive || this.#transport.hasUnread);
  }

  #shakeHands(frame: Frame): void {
    const hello = toHaproxyHello(frame);
    const agreement = negotiate(hello, this.#shared.options);
    this.hello = hello;
    this.isPipelined = agreement.pipelining;
    this.#maxAckBytes = agreement.maxAckBytes;
    this.#transport.setMaxFrameSize(agreement.maxFrameSizeIn);
    appendHello(this.#output, agreement.hello);
    if (hello.healthcheck) {
      this.state = 'leaving';
      this.#shared.metrics.healthchecks++;
      this.#transport.leave();
    } else {
      this.state = 'ready';
      if (this.#isDraining) this.drain();
      this.#shared.hooks.emit('connection', { connection: this.describe() });
    }
  }

  #receiveNotify(frame: Frame): boolean {
    this.#fragments.checkIds(frame);
    if (frame.fin && !this.#fragments.isActive) return this.#process(frame);
    if (this.#fragments.isActive) {
      throw new SpopError(
        'SPOP_INTERLACED_FRAMES',
        'expected the rest of a fragmented NOTIFY as UNSET frames; found its beginning again',
        4,
      );
    }
    this.#fragments.begin(frame);
    return true;
  }

  #receiveContinuation(frame: Frame): boolean {
    const result = this.#fragments.add(frame);
    if (result === 'complete') return this.#process(this.#fragments.frame);
    if (result === 'too-big') this.#refuseTooBig(this.#fragments.frame);
    return true;
  }

  /** Hands a whole NOTIFY to the handlers and acknowledges it, now or when they settle; returns as `receive`. */
  #process(frame: Frame): boolean {
    const shared = this.#shared;
    const output = this.#output;
    const max = this.#maxAckBytes;
    const buffer = output.reserve(max);
    const position = output.length;
    let exchange = shared.exchanges.next();
    exchange.begin(this, frame, buffer, position, position + max);
    if (shared.handlers.isKnownAsync(exchange.notify)) {
      exchange.ack.end();
      exchange.close();
      exchange = shared.exchanges.fresh();
      exchange.begin(this, frame, buffer, position, position + max);
    }
    shared.metrics.notifies++;
    this.#isProcessing = true;
    try {
      const isHandled = this.#isTraced ? this.#runTraced(exchange) : shared.handlers.run(exchange);
      if (!isHandled) this.#reportUnhandled(exchange);
    } catch (error) {
      this.#failAtOnce(exchange, error);
      return true;
    }
    this.#isProcessing = false;
    if (exchange.pending !== undefined) {
      this.#await(exchange);
      return !this.isFull;
    }
    this.#hasAnswered = this.#isDraining;
    output.commit(exchange.ack.end());
    exchange.close();
    if (exchange.hasSignal) shared.exchanges.replace(exchange);
    return true;
  }

  /** Acknowledges a NOTIFY whose handler threw; others of it that were called before may still run. */
  #failAtOnce(exchange: Exchange, error: unknown): void {
    // They must never meet another NOTIFY here.
    this.#shared.exchanges.replace(exchange);
    this.#listen(exchange);
    this.#reportHandlerError(error, exchange);
    applyFallback(this.#shared.options, exchange.ack);
    this.#isProcessing = false;
    this.#hasAnswered = this.#isDraining;
    this.#output.commit(exchange.ack.end());
    exchange.close();
    exchange.abort(failedNotify(error));
  }

  #await(exchange: Exchange): void {
    const { exchanges, inFlight, metrics, turn } = this.#shared;
    exchanges.replace(exchange);
    metrics.asynchronous++;
    exchange.receivedAt = turn.batchStartedAt;
    exchange.detach(this.#maxAckBytes, performance.now());
    this.inFlight.add(exchange);
    inFlight.add(exchange, this);
    this.#listen(exchange);
  }

  /** Listens to all handlers of a NOTIFY that have not settled, whoever answers it. */
  #listen(exchange: Exchange): void {
    for (const promise of exchange.pending ?? []) {
      // Not `promise.then`, which an object that is a promise can have replaced.
      void Promise.prototype.then.call(
        promise,
        () => this.#settle(exchange, undefined, false),
        (error: unknown) => this.#settle(exchange, error, true),
      );
    }
  }

  #settle(exchange: Exchange, error: unknown, isError: boolean): void {
    if (!exchange.isPending) {
      this.#shared.metrics.lateAnswers++;
      return;
    }
    if (isError) {
      this.#reportHandlerError(error, exchange);
      if (!exchange.isPending) return;
      this.#acknowledge(exchange, true);
      exchange.abort(failedNotify(error));
    } else if (++exchange.settledCount === exchange.pending?.length) {
      this.#acknowledge(exchange, false);
    }
  }

  /** Writes the ACK of an exchange that was in flight. */
  #acknowledge(exchange: Exchange, withFallback: boolean): void {
    // While it still counts as in flight, so that an agent closed in there does not end the session before this ACK.
    if (withFallback) applyFallback(this.#shared.options, exchange.ack);
    if (!exchange.isPending) return;
    this.#forget(exchange);
    const output = this.#output;
    const buffer = output.reserve(this.#maxAckBytes);
    output.commit(exchange.finish(buffer, output.length));
    this.#shared.metrics.latency.record(performance.now() - exchange.receivedAt, 1);
    this.#hasAnswered = this.#isDraining;
    this.#transport.scheduleFlush();
    this.#transport.mayResume();
  }

  #refuseTooBig(frame: Frame): void {
    const shared = this.#shared;
    shared.metrics.tooBig++;
    const buffer = this.#output.reserve(this.#maxAckBytes);
    const { length } = this.#output;
    // Used once: what an asynchronous fallback does with it later must meet no other NOTIFY.
    const { ack } = shared.exchanges.fresh();
    ack.beginAck(buffer, length, length + this.#maxAckBytes, frame);
    this.#isProcessing = true;
    applyFallback(shared.options, ack);
    this.#isProcessing = false;
    this.#hasAnswered = this.#isDraining;
    this.#output.commit(ack.end());
    shared.hooks.emit('overload', {
      connection: this.describe(),
      reason: `a fragmented NOTIFY is above maxReassembledBytes (${shared.options.maxReassembledBytes})`,
    });
  }

  #endNormally(): void {
    this.end(Status.Normal, STATUS_MESSAGES[Status.Normal]);
  }

  #receiveDisconnect(frame: Frame): void {
    const { statusCode, message } = toDisconnect(frame);
    this.endStatus = statusCode;
    this.endReason = message;
    this.#writeDisconnect(Status.Normal, STATUS_MESSAGES[Status.Normal]);
  }

  #writeDisconnect(statusCode: Status, message: string): void {
    appendDisconnect(this.#output, statusCode, message);
    this.state = 'leaving';
    this.#dropInFlight(new Error('The connection to HAProxy ends'));
    this.#transport.leave();
  }

  #dropInFlight(reason: Error): void {
    for (const exchange of this.inFlight) {
      this.#forget(exchange);
      exchange.drop();
      exchange.abort(reason);
    }
  }

  #forget(exchange: Exchange): void {
    exchange.isPending = false;
    this.inFlight.delete(exchange);
    this.#shared.inFlight.remove(exchange);
  }

  /** Runs the handlers for subscribers of diagnostics channels, within the stores that they have bound. */
  #runTraced(exchange: Exchange): boolean {
    const trace = exchange.beginTrace(this.describe());
    return notifyStart.runStores(trace, () => this.#shared.handlers.run(exchange));
  }

  /** Without messages it is none of ours: HAProxy 3.1 and newer send such NOTIFYs where all ACLs of a group fail. */
  #reportUnhandled(exchange: Exchange): void {
    const messages: string[] = [];
    const walker = exchange.walk();
    while (messages.length < MAX_REPORTED_NAMES && walker.next()) {
      messages.push(walker.name.toString().slice(0, MAX_REPORTED_LENGTH));
    }
    if (messages.length === 0) return;
    this.#shared.hooks.emit('unhandled', {
      connection: this.describe(),
      streamId: exchange.reportedStreamId,
      messages,
      declared: this.#shared.handlers.set.definitions.map(({ name }) => name),
    });
  }

  #reportHandlerError(error: unknown, exchange: Exchange): void {
    exchange.fail(error);
    this.#shared.hooks.emit('handlerError', {
      error,
      connection: this.describe(),
      streamId: exchange.reportedStreamId,
    });
  }
}

/** What the handlers of a NOTIFY are told that got the fallback actions because one of them failed. */
function failedNotify(error: unknown): Error {
  return new Error('A handler of the NOTIFY failed', { cause: error });
}
