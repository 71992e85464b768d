import { type ArgumentTypes, Frame, type MessageSet, type MessageView } from '@spop/codec';
import { type AckRoom, InternalAckWriter, InternalNotify } from '@spop/codec/internal';
import type { NotifyContext } from '../notify-context.ts';
import type { ConnectionInfo } from '../observe/events.ts';
import { endTrace, type NotifyOutcome, type NotifyTrace } from '../observe/trace.ts';
import { dropActions, closeActions, HandlerActions } from './handler-actions.ts';
import { abortContext, closeContext, HandlerContext, type NotifyOwner } from './handler-context.ts';
import type { Deadline } from './deadlines.ts';
import type { HandlerEntry } from './handler-entry.ts';
import { Link } from './linked-list.ts';
import { MessagePart, type PartOwner } from './message-part.ts';
import type { MemoryPool } from './memory-pool.ts';

const NO_MEMORY: Buffer = Buffer.alloc(0);
/** Bytes of room for more actions before the ACK of a detached exchange grows. */
const FREE_ACK_BYTES = 96;
/** Bytes that the end of an ACK without actions adds to it. */
const NO_ACTION_BYTES = 1;
/** The parts of a NOTIFY that has one message, or whose handlers are all synchronous. */
const NO_PARTS: readonly MessagePart[] = [];
/** The most memory of an exchange, without its copies and the views of its messages (memory.test.ts measures it). */
const EXCHANGE_BYTES = 3_072;

/** What an exchange needs to know of its session. */
export interface Engine {
  /** The engine-id of the handshake; undefined when HAProxy sent none. */
  readonly engineId: string | undefined;
  /** The agreed max-frame-size in bytes; 0 before the handshake. */
  readonly maxFrameSize: number;
  /** The longest ACK, in bytes. */
  readonly maxAckBytes: number;
  /** The longest time that a handler of the NOTIFY may take, in ms; 0 is no limit. */
  timeoutOf(notify: InternalNotify): number;
}

/** Who answers an exchange whose handlers have not settled. */
export interface Answerer {
  /** The only handler has settled; `error` is what it rejected with when `isError`. */
  settle(exchange: Exchange, error: unknown, isError: boolean): void;
  /** One of several handlers has settled. */
  settlePart(exchange: Exchange, part: MessagePart, error: unknown, isError: boolean): void;
  /** The deadline of the only handler has passed: answer it, and remove it. */
  expire(exchange: Exchange): void;
  /** The deadline of one of several handlers has passed, and so have those of the others that may take as long or less. */
  expirePart(exchange: Exchange, part: MessagePart): void;
  /** One of several handlers threw. `ack` has its actions, which its fallback replaces. */
  fail(
    exchange: Exchange,
    entry: HandlerEntry,
    message: MessageView<ArgumentTypes> | undefined,
    ack: InternalAckWriter,
    notify: NotifyContext,
    error: unknown,
  ): void;
  /** The exchange holds `bytes` more. */
  noteGrowth(bytes: number): void;
}

/** The output that a finished ACK is written to. */
export interface AckOutput {
  readonly length: number;
  reserve(size: number): Buffer;
  commit(end: number): void;
}

/**
 * One NOTIFY and its ACK, from its arrival to the last byte of the answer, reused for NOTIFY after NOTIFY. Synchronous
 * handlers get objects that are reused too. Handlers that are known to be asynchronous get new objects each time, which are
 * closed for ever afterwards, so that a handler may keep them; only the memory that these refer to is reused.
 */
export class Exchange implements NotifyOwner, PartOwner, AckRoom, Deadline {
  declare readonly notify: InternalNotify;
  // The fields that each NOTIFY needs come first, to lie in few lines of the processor's cache (benchmark `tiny through a socket`).
  /** The ACK, and the object through which handlers write to it. */
  ack: InternalAckWriter;
  actions: HandlerActions;
  /** The object through which handlers read the NOTIFY. */
  context: HandlerContext;
  #engine: Engine | undefined;
  /** Whether closing takes more than closing the NOTIFY: for new objects, a signal, a promise, memory, or a trace. */
  #hasMore: boolean = false;
  /** Where the exchange stands among those that take turns. */
  slot: number;
  /** Whether handlers get new objects. */
  isOneTime: boolean = false;
  /** Whether handlers have not settled, and no fallback has answered for them. */
  isPending: boolean = false;
  /** How many handlers returned a promise, and how many of these settled before they were answered for. */
  waitCount: number = 0;
  settledCount: number = 0;
  /** When its handlers had returned, in ms on the clock of performance.now(); only set for asynchronous handlers. */
  startedAt: number = 0;
  /** When its bytes were read, on the same clock; only set for asynchronous handlers. */
  receivedAt: number = 0;
  /** Its outcome, for subscribers of diagnostics channels. */
  outcome: NotifyOutcome = 'answered';
  /** The object that answers it when its handlers settle. */
  answerer: Answerer | undefined;
  /** Bytes of memory that it holds while its handlers have not settled. */
  heldBytes: number = 0;
  /** The longest ACK, in bytes. */
  maxAckBytes: number = 0;
  /** How long its handlers may take, in ms; 0 is no limit. Only set while they have not settled. */
  timeoutMs: number = 0;
  /** Its links in the lists of all exchanges in flight, of its connection's, and of the deadlines. */
  declare readonly inFlightLink: Link<Exchange>;
  declare readonly unsettledLink: Link<Exchange>;
  declare readonly deadlineLink: Link<Deadline>;
  readonly #pool: MemoryPool;
  readonly #reusedAck: InternalAckWriter = new InternalAckWriter();
  #reusedActions: HandlerActions = new HandlerActions(this.#reusedAck);
  #reusedContext: HandlerContext = new HandlerContext(this);
  /** Not `#reusedAck`: objects of earlier NOTIFYs may still refer to that one. */
  readonly #oneTimeAck: InternalAckWriter = new InternalAckWriter();
  #trace: NotifyTrace | undefined;
  /** The copy of the NOTIFY, with room for its ACK. */
  #memory: Buffer = NO_MEMORY;
  /** The memory of an ACK that outgrew its room. */
  #ackMemory: Buffer = NO_MEMORY;
  /** The parts whose handlers settle later, in the order of their messages. */
  #parts: MessagePart[] | undefined;
  /** How many parts have not settled, and were not answered for. */
  pendingPartCount: number = 0;
  /** Bytes of the actions of all parts. */
  #partActionBytes: number = 0;

  /** @param slot Where the exchange stands among those that take turns. */
  constructor(set: MessageSet, pool: MemoryPool, slot: number) {
    this.slot = slot;
    this.notify = new InternalNotify(set);
    this.#pool = pool;
    this.ack = this.#reusedAck;
    this.actions = this.#reusedActions;
    this.context = this.#reusedContext;
    this.inFlightLink = new Link(this);
    this.unsettledLink = new Link(this);
    this.deadlineLink = new Link<Deadline>(this);
  }

  /** The stream-id for reports, rounded to a double above 2^53, where `streamId` throws. */
  get reportedStreamId(): number {
    const { bytes, idsStart, payloadStart } = this.notify;
    return Number(Object.assign(new Frame(), { bytes, idsStart, payloadStart }).toStreamId());
  }

  get engineId(): string | undefined {
    return this.#engine?.engineId;
  }

  get maxFrameSize(): number {
    return this.#engine?.maxFrameSize ?? 0;
  }

  get deadlineAt(): number {
    const timeoutMs = this.isPending ? this.timeoutMs : (this.#engine?.timeoutOf(this.notify) ?? 0);
    return timeoutMs === 0 ? Infinity : (this.isPending ? this.startedAt : performance.now()) + timeoutMs;
  }

  /** Whether the ACK outgrew the room in which it was begun. */
  get #hasMovedAck(): boolean {
    return this.#ackMemory !== NO_MEMORY;
  }

  /** Whether another NOTIFY may use the exchange once it is closed, since all its handlers have settled. */
  get isReusable(): boolean {
    return this.isOneTime && this.settledCount === this.waitCount;
  }

  /** Bytes of memory that it holds while it is kept for another NOTIFY. */
  get keptBytes(): number {
    return EXCHANGE_BYTES + this.notify.viewBytes;
  }

  /** Reads the NOTIFY, and does not begin its ACK. @throws {SpopError} for a malformed NOTIFY. */
  read(engine: Engine, frame: Frame): void {
    if (this.#engine !== engine) this.#engine = engine;
    this.notify.read(frame);
  }

  /** Makes new objects for handlers that may outlive their call. */
  beginOneTime(): void {
    this.notify.beginOneTime();
    this.ack = this.#oneTimeAck;
    this.actions = new HandlerActions(this.ack);
    this.context = new HandlerContext(this);
    this.isOneTime = true;
    this.#hasMore = true;
  }

  /** Makes kept objects of the reused ACK throw for ever; the exchange is closed. */
  renewActions(): void {
    closeActions(this.#reusedActions);
    this.#reusedActions = new HandlerActions(this.#reusedAck);
    this.actions = this.#reusedActions;
  }

  /** Waits for the promise of the only handler, and then calls {@link Exchange.answerer}. */
  waitFor(result: PromiseLike<void>): void {
    this.waitCount++;
    this.#hasMore = true;
    // Not `promise.then`, which user code may have replaced.
    void Promise.prototype.then.call(Promise.resolve(result), this.#onFulfilled, this.#onRejected);
  }

  readonly #onFulfilled = (): void => this.answerer?.settle(this, undefined, false);
  readonly #onRejected = (error: unknown): void => this.answerer?.settle(this, error, true);

  /** A handler took a signal, which belongs to this NOTIFY alone. */
  noteSignal(): void {
    this.#hasMore = true;
  }

  /** The parts of a NOTIFY with several handlers whose handlers returned a promise. */
  get parts(): readonly MessagePart[] {
    return this.#parts ?? NO_PARTS;
  }

  get remainingAckBytes(): number {
    return this.#engine!.maxAckBytes - this.ack.byteLength - this.#partActionBytes;
  }

  /**
   * Prepares the ACK for one of several handlers: `reset` drops only its actions, and the actions of parts count against its
   * room.
   */
  beginActions(): void {
    this.ack.beginActionsAt(this.ack.byteLength);
    if (this.#partActionBytes > 0) this.mayGrow(this.#engine!.maxAckBytes - this.#partActionBytes);
  }

  /** Makes the part of one of several handlers that is known to settle later. */
  beginPart(entry: HandlerEntry, place: number): MessagePart {
    this.#hasMore = true;
    return new MessagePart(this, entry, place);
  }

  /** Makes a part of the objects that a handler got, after it returned a promise; later handlers get new objects. */
  splitPart(entry: HandlerEntry, place: number): MessagePart {
    const part = this.beginPart(entry, place);
    part.takeOver(this.ack, this.actions, this.context);
    this.actions = new HandlerActions(this.ack);
    this.context = new HandlerContext(this);
    return part;
  }

  /** Takes the actions of a part whose handler has returned or thrown. */
  joinPart(part: MessagePart): void {
    this.noteActions(-this.ack.takeActions(part.ack));
    part.close();
  }

  /** Waits for the promise that the handler of a part returned. */
  waitForPart(part: MessagePart, result: PromiseLike<unknown>): void {
    this.waitCount++;
    this.pendingPartCount++;
    (this.#parts ??= []).push(part);
    part.waitFor(result);
  }

  noteActions(bytes: number): void {
    this.#partActionBytes += bytes;
  }

  takeMemory(size: number): Buffer {
    const memory = this.#pool.take(size);
    if (this.isPending) this.#noteGrowth(memory.length);
    return memory;
  }

  giveMemory(memory: Buffer): void {
    this.#pool.give(memory);
    if (this.isPending) this.#noteGrowth(-memory.length);
  }

  settlePart(part: MessagePart, error: unknown, isError: boolean): void {
    this.answerer?.settlePart(this, part, error, isError);
  }

  expirePart(part: MessagePart): void {
    this.answerer?.expirePart(this, part);
  }

  expire(): void {
    this.answerer?.expire(this);
  }

  /** Copies NOTIFY and ACK to memory of its own, so that the handlers can outlive the batch. */
  detach(answerer: Answerer, startedAt: number): void {
    const { ack, notify } = this;
    const engine = this.#engine!;
    const size = notify.byteLength;
    const memory = this.#pool.take(size + ack.byteLength + FREE_ACK_BYTES);
    this.#memory = memory;
    notify.moveTo(memory);
    if (!this.#hasMovedAck) ack.moveTo(memory, memory.length, size);
    this.mayGrow(engine.maxAckBytes);
    this.heldBytes = this.keptBytes + memory.length + this.#ackMemory.length;
    for (const part of this.parts) this.heldBytes += part.heldBytes;
    this.answerer = answerer;
    this.isPending = true;
    this.startedAt = startedAt;
    this.timeoutMs = engine.timeoutOf(notify);
  }

  /** Lets the ACK grow beyond its room, up to `maxAckBytes`. */
  mayGrow(maxAckBytes: number): void {
    this.maxAckBytes = maxAckBytes;
    this.ack.mayGrow(this);
  }

  moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer {
    const former = this.#ackMemory;
    const memory = this.#pool.take(size);
    bytes.copy(memory, 0, start, end);
    this.#ackMemory = memory;
    this.#hasMore = true;
    if (former !== NO_MEMORY) this.#pool.give(former);
    if (this.isPending) this.#noteGrowth(memory.length - former.length);
    return memory;
  }

  #noteGrowth(bytes: number): void {
    this.heldBytes += bytes;
    this.answerer?.noteGrowth(bytes);
  }

  /**
   * Ends the ACK in `output` and closes the NOTIFY, if nothing else is to do; returns false, and does nothing, if there is more
   * (benchmark `tiny through a socket`).
   */
  endPlainAck(output: AckOutput): boolean {
    if (this.#hasMore) return false;
    output.commit(this.ack.end());
    this.notify.close();
    return true;
  }

  /** Ends the ACK, and copies it to `output` unless it was written there. */
  endAck(output: AckOutput): void {
    for (const part of this.parts) this.noteActions(-this.ack.takeActions(part.ack));
    if (this.#memory === NO_MEMORY && !this.#hasMovedAck) {
      output.commit(this.ack.end());
      return;
    }
    const buffer = output.reserve(this.ack.byteLength + NO_ACTION_BYTES);
    const { length } = output;
    output.commit(length + this.ack.endTo(buffer, length));
  }

  /** Begins the trace for subscribers of diagnostics channels. */
  beginTrace(agent: string | undefined, connection: ConnectionInfo): NotifyTrace {
    this.#trace = { agent, connection, notify: this.context, outcome: undefined, error: undefined };
    this.#hasMore = true;
    return this.#trace;
  }

  /** Notes that a handler threw or rejected. */
  fail(error: unknown): void {
    if (this.#trace === undefined) return;
    this.outcome = 'failed';
    this.#trace.error = error;
  }

  /**
   * Aborts the handlers' signals, before everything is closed: a listener of the signal that used a closed view would throw
   * and end the process. Actions that handlers set from now on are lost.
   */
  abort(reason: Error): void {
    if (!this.#hasMore) return;
    for (const part of this.parts) part.abort(reason);
    dropActions(this.actions);
    abortContext(this.context, reason);
  }

  /** Ends an exchange without an answer. Its handlers' objects throw from now on. */
  drop(reason: Error): void {
    this.outcome = 'dropped';
    this.ack.end();
    this.abort(reason);
    this.close();
  }

  /** Closes all objects that handlers have of the NOTIFY. */
  close(): void {
    if (this.#hasMore) this.#closeMore();
    else this.notify.close();
  }

  #closeMore(): void {
    if (this.#trace !== undefined) {
      endTrace(this.#trace, this.outcome);
      this.#trace = undefined;
      this.outcome = 'answered';
    }
    this.notify.close();
    this.#hasMore = false;
    for (const part of this.parts) part.close();
    this.#parts = undefined;
    this.pendingPartCount = 0;
    this.#partActionBytes = 0;
    closeActions(this.actions);
    closeContext(this.context);
    if (!this.isOneTime) {
      this.#reusedActions = new HandlerActions(this.#reusedAck);
      this.#reusedContext = new HandlerContext(this);
    } else if (this.isReusable) {
      this.waitCount = 0;
      this.settledCount = 0;
      // Otherwise the kept exchange would keep its session alive.
      this.answerer = undefined;
      this.#engine = undefined;
    }
    this.isOneTime = false;
    this.ack = this.#reusedAck;
    this.actions = this.#reusedActions;
    this.context = this.#reusedContext;
    if (this.#memory !== NO_MEMORY) this.#pool.give(this.#memory);
    if (this.#ackMemory !== NO_MEMORY) this.#pool.give(this.#ackMemory);
    this.#memory = NO_MEMORY;
    this.#ackMemory = NO_MEMORY;
  }
}
