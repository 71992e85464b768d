import {
  escapeText,
  type Frame,
  FrameType,
  Status,
  STATUS_MESSAGES,
  toDisconnect,
  toHaproxyHello,
  type Notify,
} from '@spop/codec';
import { appendDisconnect, appendHello } from './control-frames.ts';
import type { ConnectionInfo } from '../observe/events.ts';
import type { Engine, Exchange } from '../notify/exchange.ts';
import { applyFallback } from '../notify/fallback.ts';
import { Fragments } from './fragments.ts';
import { negotiate } from './handshake.ts';
import { LeaveTaking, type Leaver } from './leave-taking.ts';
import { overload, type OverloadLimit } from '../observe/overload.ts';
import type { Output } from '../output.ts';
import type { Shared } from '../shared.ts';
import { type ConnectionState, reactionTo, stateAfter } from './state.ts';
import { isTracing, notifyStart } from '../observe/trace.ts';
import type { Transport } from './transport.ts';
import { toReportedNames } from '../notify/unhandled.ts';
import { failedNotify, type Owner, Unsettled } from './unsettled.ts';

// Module-local copy: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `load`).
const NOTIFY = FrameType.Notify;
/**
 * Bytes of the output that an ACK may fill before it grows elsewhere: the longest ACK that HAProxy takes with buffers of 16
 * KiB.
 */
const ACK_ROOM = 16_384;

/**
 * The conversation of one connection: the handshake, NOTIFYs and their ACKs, fragments, and the end. It takes whole frames
 * and writes whole frames, and knows nothing of sockets.
 */
export class Session implements Engine, Leaver, Owner {
  /** The engine-id of the HAPROXY-HELLO; undefined before it. */
  engineId: string | undefined;
  /** The agreed max-frame-size in bytes; 0 before the handshake. */
  maxFrameSize: number = 0;
  isHealthcheck: boolean = false;
  /** Whether the handshake was completed. */
  isGreeted: boolean = false;
  /** Whether HAProxy may send a NOTIFY before the last one is acknowledged. */
  isPipelined: boolean = false;
  /** The status code that ended the session, and the reason. */
  endStatus: number = Status.Normal;
  endReason: string = STATUS_MESSAGES[Status.Normal];
  /** Decides when the session ends, once it is draining. */
  declare readonly leaveTaking: LeaveTaking;
  #state: ConnectionState = 'awaiting-hello';
  readonly #shared: Shared;
  readonly #transport: Transport;
  readonly #output: Output;
  readonly #fragments: Fragments;
  readonly #unsettled: Unsettled;
  #maxAckBytes: number = 0;
  /** Bytes of the output that are reserved for an ACK; a longer one moves elsewhere. */
  #ackRoom: number = 0;
  /** Whether handlers are being called, whose ACK stands at the end of the output. */
  #isProcessing: boolean = false;
  /** Whether the diagnostics channels have subscribers during this batch. */
  #isTraced: boolean = false;
  /** Whether the agent closes, so that the session drains once its handshake is done. */
  #mustDrain: boolean = false;

  constructor(shared: Shared, transport: Transport) {
    this.#shared = shared;
    this.#transport = transport;
    this.#output = transport.output;
    this.#fragments = new Fragments(shared.options.maxReassembledBytes);
    this.#unsettled = new Unsettled(shared, transport, this);
    this.leaveTaking = new LeaveTaking(this);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether the last frame was written, so that further frames are ignored. */
  get isOver(): boolean {
    return this.#state === 'leaving' || this.#state === 'closed';
  }

  /** Whether the session ends as soon as it can. */
  get isLeavingSoon(): boolean {
    return this.#state === 'draining';
  }

  get maxAckBytes(): number {
    return this.#maxAckBytes;
  }

  timeoutOf(notify: Notify): number {
    return this.#shared.handlers.timeoutOf(notify);
  }

  /** NOTIFYs whose handlers have not settled. */
  get inFlightCount(): number {
    return this.#unsettled.count;
  }

  /** Whether a limit of NOTIFYs in flight is reached, so that no further one may be read. */
  get isFull(): boolean {
    if (this.#state !== 'ready' && this.#state !== 'draining') return false;
    if (this.leaveTaking.isStopped) return true;
    return this.#unsettled.isFull || this.#shared.inFlight.isFull;
  }

  /** The limit that was reached, if {@link Session.isFull}; undefined when the session only waits for its end. */
  get reachedLimit(): OverloadLimit | undefined {
    return this.#unsettled.reachedLimit ?? this.#shared.inFlight.reachedLimit;
  }

  /** The number of the fragmented NOTIFY that was begun and not ended, counted from 1; 0 for none. */
  get fragmentedCount(): number {
    return this.#fragments.isActive ? this.#fragments.begun : 0;
  }

  /** Bytes of memory that fragments hold. */
  get fragmentBytes(): number {
    return this.#fragments.heldBytes;
  }

  get isBusy(): boolean {
    return this.#unsettled.count > 0 || this.#isProcessing;
  }

  get isAmidFrame(): boolean {
    return this.#fragments.isActive || this.#transport.hasUnread;
  }

  get wasHeldBack(): boolean {
    return this.#transport.wasHeldBack;
  }

  get bytesRead(): number {
    return this.#transport.bytesRead;
  }

  describe(): ConnectionInfo {
    return { id: this.#transport.id, remote: this.#transport.remote, engineId: this.engineId };
  }

  /** Prepares for a batch of frames; returns whether any may be received now. */
  beginBatch(): boolean {
    this.#isTraced = isTracing();
    return !this.isFull;
  }

  /**
   * Takes a frame; returns whether it may take another one now, and false once too many NOTIFYs are in flight.
   *
   * @throws {SpopError} for a malformed frame, or one that is not allowed in this state.
   */
  receive(frame: Frame): boolean {
    // The fast path of whole NOTIFYs (benchmark `load`).
    if (this.#state === 'ready' && frame.type === NOTIFY && frame.fin && !this.#fragments.isActive) {
      return this.#process(frame);
    }
    return this.#receiveOther(frame);
  }

  /** Makes the session end at a moment that loses no NOTIFY, see leave-taking.ts. */
  drain(): void {
    this.#mustDrain = true;
    this.#state = stateAfter(this.#state, 'drain');
    // The handlers of a NOTIFY are being called: its ACK is still to be written, and counts.
    if (this.#isProcessing) this.noteAnswer();
  }

  /** Ends the session with an AGENT-DISCONNECT; HAProxy forgets the NOTIFYs in flight. */
  end(status: Status, reason: string): void {
    if (this.isOver) return;
    this.endStatus = status;
    this.endReason = reason;
    this.#leave(status, reason);
  }

  /** Ends the session after it threw. */
  fail(status: Status, reason: string): void {
    this.#shared.exchanges.closeLast();
    this.end(status, reason);
  }

  endNormally(): void {
    this.end(Status.Normal, STATUS_MESSAGES[Status.Normal]);
  }

  /** Ends the session at once: NOTIFYs in flight get the fallback actions. */
  giveUp(reason: string): void {
    if (!this.isGreeted) return;
    this.#unsettled.giveUp(reason);
    this.end(Status.Timeout, reason);
  }

  /** The connection has closed: aborts the signals of handlers in flight, and drops their results. */
  close(): void {
    this.#state = stateAfter(this.#state, 'close');
    this.#fragments.drop();
    this.#unsettled.drop(new Error('The connection to HAProxy ended'));
  }

  noteAnswer(): void {
    if (this.#state === 'draining') this.leaveTaking.noteAnswer();
  }

  /** Takes any other frame; a function of its own, so that V8 inlines `receive`. */
  #receiveOther(frame: Frame): boolean {
    switch (reactionTo(this.#state, frame.type)) {
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

  #shakeHands(frame: Frame): void {
    const hello = toHaproxyHello(frame);
    const agreement = negotiate(hello, this.#shared.options);
    this.isGreeted = true;
    this.engineId = hello.engineId;
    this.maxFrameSize = agreement.hello.maxFrameSize;
    this.isHealthcheck = hello.healthcheck;
    this.isPipelined = agreement.pipelining;
    this.#maxAckBytes = agreement.maxAckBytes;
    this.#ackRoom = Math.min(agreement.maxAckBytes, ACK_ROOM);
    this.#transport.setMaxFrameSize(agreement.maxFrameSizeIn);
    appendHello(this.#output, agreement.hello);
    if (hello.healthcheck) {
      this.#state = stateAfter(this.#state, 'healthcheck');
      this.#shared.counters.healthchecks++;
      this.#transport.leave();
    } else {
      this.#state = stateAfter(this.#state, 'hello');
      if (this.#mustDrain) this.drain();
      this.#shared.hooks.emit('connect', { connection: this.describe() });
    }
  }

  #receiveNotify(frame: Frame): boolean {
    if (frame.fin && !this.#fragments.isActive) return this.#processOther(frame);
    this.#fragments.begin(frame);
    return true;
  }

  #receiveContinuation(frame: Frame): boolean {
    const result = this.#fragments.add(frame);
    if (result === 'complete') return this.#processOther(this.#fragments.frame);
    if (result === 'too-big') this.#refuseTooBig(this.#fragments.frame);
    return true;
  }

  /** As `#process`, off the fast path: while the session is draining, or for a joined NOTIFY. */
  #processOther(frame: Frame): boolean {
    const mayTakeMore = this.#process(frame);
    this.noteAnswer();
    return mayTakeMore;
  }

  /** Hands a whole NOTIFY to the handlers, and acknowledges it now or when they settle; returns as `receive`. */
  #process(frame: Frame): boolean {
    const shared = this.#shared;
    const output = this.#output;
    const max = this.#maxAckBytes;
    const room = this.#ackRoom;
    const buffer = output.reserve(room);
    const position = output.length;
    const { exchanges, handlers } = shared;
    const exchange = exchanges.next();
    exchange.read(this, frame);
    if (handlers.isKnownAsync(exchange.notify)) exchange.beginOneTime();
    exchange.ack.beginAck(buffer, position, position + room, frame);
    if (room < max) exchange.mayGrow(max);
    shared.counters.notifies++;
    this.#isProcessing = true;
    try {
      const isHandled = this.#isTraced ? this.#runTraced(exchange) : handlers.run(exchange, this.#unsettled);
      if (!isHandled) this.#reportUnhandled(exchange);
    } catch (error) {
      this.#failAtOnce(exchange, error);
      return true;
    }
    this.#isProcessing = false;
    if (exchange.endPlainAck(output)) return true;
    if (exchange.waitCount > 0) {
      this.#unsettled.add(exchange);
      return !this.isFull;
    }
    exchange.endAck(output);
    exchange.close();
    return true;
  }

  /** Acknowledges a NOTIFY whose only handler threw. */
  #failAtOnce(exchange: Exchange, error: unknown): void {
    this.#unsettled.failOnly(exchange, error);
    this.#isProcessing = false;
    exchange.endAck(this.#output);
    exchange.abort(failedNotify(error));
    exchange.close();
  }

  #refuseTooBig(frame: Frame): void {
    const { exchanges, hooks, counters, options } = this.#shared;
    counters.tooBig++;
    const room = this.#ackRoom;
    const buffer = this.#output.reserve(room);
    const { length } = this.#output;
    const exchange = exchanges.next();
    exchange.ack.beginAck(buffer, length, length + room, frame);
    exchange.mayGrow(this.#maxAckBytes);
    this.#isProcessing = true;
    applyFallback(options.fallback, exchange.ack, undefined, undefined, 'tooBig');
    this.#isProcessing = false;
    exchange.endAck(this.#output);
    exchange.close();
    this.noteAnswer();
    hooks.emit('overload', { connection: this.describe(), ...overload('maxReassembledBytes', options) });
  }

  #receiveDisconnect(frame: Frame): void {
    const { statusCode, message } = toDisconnect(frame);
    this.endStatus = statusCode;
    this.endReason = escapeText(message);
    this.#leave(Status.Normal, STATUS_MESSAGES[Status.Normal]);
  }

  #leave(status: Status, message: string): void {
    appendDisconnect(this.#output, status, message);
    this.#state = stateAfter(this.#state, 'disconnect');
    this.#fragments.drop();
    this.#unsettled.drop(new Error('The connection to HAProxy ends'));
    this.#transport.leave();
  }

  /** Runs the handlers within the stores that subscribers of diagnostics channels have bound. */
  #runTraced(exchange: Exchange): boolean {
    const trace = exchange.beginTrace(this.#shared.options.name, this.describe());
    return notifyStart.runStores(trace, () => this.#shared.handlers.run(exchange, this.#unsettled));
  }

  /** A NOTIFY without messages is not reported: HAProxy 3.1 and later send one when all ACLs of a group fail. */
  #reportUnhandled(exchange: Exchange): void {
    if (!exchange.notify.walk().next()) return;
    this.#shared.hooks.emitLazily('unhandledNotify', () => ({
      connection: this.describe(),
      streamId: exchange.reportedStreamId,
      messages: toReportedNames(exchange.notify),
      declared: this.#shared.handlers.set.definitions.map(({ name }) => name),
    }));
  }
}
