import { type ArgumentTypes, Frame, type MessageSet, type MessageView } from '@spop/codec';
import { type AckRoom, InternalAckWriter, InternalNotify } from '@spop/codec/internal';
import type { NotifyContext } from '../notify-context.ts';
import type { ConnectionInfo } from '../observe/events.ts';
import { endTrace, type NotifyOutcome, type NotifyTrace } from '../observe/trace.ts';
import { discardActions, endActions, HandlerActions } from './handler-actions.ts';
import { abortContext, endContext, HandlerContext, type NotifyOwner } from './handler-context.ts';
import type { Deadline } from './deadlines.ts';
import type { HandlerEntry } from './handler-entry.ts';
import { Link } from './linked-list.ts';
import { MessagePart, type PartOwner } from './message-part.ts';
import type { MemoryPool } from './memory-pool.ts';

const NO_MEMORY: Buffer = Buffer.alloc(0);
/** At least so much room is there for more actions before the ACK of a detached exchange grows. */
const FREE_ACK_BYTES = 96;
/** What the end of an ACK without actions adds to it. */
const NO_ACTION_BYTES = 1;
/** No part of a NOTIFY that has one message, or whose handlers are all synchronous. */
const NO_PARTS: readonly MessagePart[] = [];
/** What an exchange takes at most, beside its copies and the views of its messages (memory.test.ts measures it). */
const EXCHANGE_BYTES = 3_072;

/** What an exchange asks of the session whose NOTIFY it is. */
export interface Engine {
  /** The engine-id of the handshake; undefined where HAProxy did not say. */
  readonly engineId: string | undefined;
  /** How long an ACK may be, in bytes. */
  readonly maxAckBytes: number;
  /** How long the handlers of a NOTIFY may take, the longest of them, in ms; 0 for as long as they like. */
  timeoutOf(notify: InternalNotify): number;
}

/** Who answers an exchange whose handlers have not settled. */
export interface Answerer {
  /** The only handler has settled; `error` is what it rejected with, where `isError`. */
  settle(exchange: Exchange, error: unknown, isError: boolean): void;
  /** One of several has. */
  settlePart(exchange: Exchange, part: MessagePart, error: unknown, isError: boolean): void;
  /** The deadline of the only handler has passed: answer it, and remove it. */
  expire(exchange: Exchange): void;
  /** That of one of several has, and of those that may take as long or less. */
  expirePart(exchange: Exchange, part: MessagePart): void;
  /** One of several handlers threw: `ack` has its actions, which its fallback replaces. */
  fail(
    exchange: Exchange,
    entry: HandlerEntry,
    message: MessageView<ArgumentTypes> | undefined,
    ack: InternalAckWriter,
    notify: NotifyContext,
    error: unknown,
  ): void;
  /** The exchange holds so many bytes more. */
  noteGrowth(bytes: number): void;
}

/** Where a finished ACK goes. */
export interface AckOutput {
  readonly length: number;
  reserve(size: number): Buffer;
  commit(end: number): void;
}

/**
 * One NOTIFY and its ACK, from its arrival to the last byte of the answer, reused for NOTIFY after NOTIFY. What handlers
 * are given of it is reused too where they are known to be synchronous. Others get something new each time, which is
 * closed for ever afterwards, so that it does not matter what they keep; only what stands behind that is reused.
 */
export class Exchange implements NotifyOwner, PartOwner, AckRoom, Deadline {
  declare readonly notify: InternalNotify;
  // First what each NOTIFY needs, in as few lines of the processor's cache as may be (benchmark `tiny through a socket`).
  /** The ACK, and what handlers are given of it. */
  ack: InternalAckWriter;
  actions: HandlerActions;
  /** What handlers are given of the NOTIFY. */
  context: HandlerContext;
  #engine: Engine | undefined;
  /** Whether there is more to it than a NOTIFY and an ACK in the output: what is new, a signal, a promise, memory, a trace. */
  #hasMore: boolean = false;
  /** Where the exchange stands among those that take turns. */
  slot: number;
  /** Whether what handlers are given is new. */
  isOneTime: boolean = false;
  /** Whether the handlers have not settled yet, and nobody answered for them. */
  isPending: boolean = false;
  /** How many handlers returned something that settles later, and how many of those have while somebody waited. */
  waitCount: number = 0;
  settledCount: number = 0;
  /** When its handlers had returned, on the clock of performance.now(), in ms: only set for asynchronous handlers. */
  startedAt: number = 0;
  /** When its bytes were read, on the same clock and as `startedAt`. */
  receivedAt: number = 0;
  /** How it ends, for subscribers of diagnostics channels. */
  outcome: NotifyOutcome = 'answered';
  /** Who answers it later. */
  answerer: Answerer | undefined;
  /** Bytes of memory that it takes while its handlers have not settled. */
  heldBytes: number = 0;
  /** How long its ACK may be, in bytes. */
  maxAckBytes: number = 0;
  /** How long its handlers may take, in ms; 0 for as long as they like. Only set while they have not settled. */
  timeoutMs: number = 0;
  /** Where it stands among all in flight, among those of its connection, and among the deadlines. */
  declare readonly inFlightLink: Link<Exchange>;
  declare readonly unsettledLink: Link<Exchange>;
  declare readonly deadlineLink: Link<Deadline>;
  readonly #pool: MemoryPool;
  readonly #reusedAck: InternalAckWriter = new InternalAckWriter();
  #reusedActions: HandlerActions = new HandlerActions(this.#reusedAck);
  #reusedContext: HandlerContext = new HandlerContext(this);
  /** Not the one that what was kept of earlier NOTIFYs writes to. */
  readonly #oneTimeAck: InternalAckWriter = new InternalAckWriter();
  #trace: NotifyTrace | undefined;
  /** The copy of the NOTIFY, with room for its ACK. */
  #memory: Buffer = NO_MEMORY;
  /** Where the ACK stands that outgrew its room. */
  #ackMemory: Buffer = NO_MEMORY;
  /** Those of several handlers that settle later, in the order of their messages. */
  #parts: MessagePart[] | undefined;
  /** How many of those have not settled, and nobody answered for them. */
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

  /** The stream-id for reports: as near as a number comes to those above 2^53, for which `streamId` throws. */
  get reportedStreamId(): number {
    const { bytes, idsStart, payloadStart } = this.notify;
    return Number(Object.assign(new Frame(), { bytes, idsStart, payloadStart }).toStreamId());
  }

  get engineId(): string | undefined {
    return this.#engine?.engineId;
  }

  get deadlineAt(): number {
    const timeoutMs = this.isPending ? this.timeoutMs : (this.#engine?.timeoutOf(this.notify) ?? 0);
    return timeoutMs === 0 ? Infinity : (this.isPending ? this.startedAt : performance.now()) + timeoutMs;
  }

  /** Whether the ACK outgrew the room in which it was begun. */
  get #hasMovedAck(): boolean {
    return this.#ackMemory !== NO_MEMORY;
  }

  /** Whether nobody can come back to it once it is closed: then another NOTIFY may have it. */
  get isReusable(): boolean {
    return this.isOneTime && this.settledCount === this.waitCount;
  }

  /** What it takes while it is kept for another NOTIFY. */
  get keptBytes(): number {
    return EXCHANGE_BYTES + this.notify.viewBytes;
  }

  /** Reads the NOTIFY; its ACK is still to be begun. @throws {SpopError} what is malformed in it. */
  read(engine: Engine, frame: Frame): void {
    if (this.#engine !== engine) this.#engine = engine;
    this.notify.read(frame);
  }

  /** Gives handlers what nobody had before and nobody has afterwards: for those that may outlive their call. */
  beginOneTime(): void {
    this.notify.beginOneTime();
    this.ack = this.#oneTimeAck;
    this.actions = new HandlerActions(this.ack);
    this.context = new HandlerContext(this);
    this.isOneTime = true;
    this.#hasMore = true;
  }

  /** What handlers kept of the reused ACK throws for ever; only of an exchange that is closed. */
  renewActions(): void {
    endActions(this.#reusedActions);
    this.#reusedActions = new HandlerActions(this.#reusedAck);
    this.actions = this.#reusedActions;
  }

  /** Waits for what a handler returned, and tells {@link Exchange.answerer}. */
  waitFor(result: PromiseLike<void>): void {
    this.waitCount++;
    this.#hasMore = true;
    // Not `promise.then`, which an object that is a promise can have replaced.
    void Promise.prototype.then.call(Promise.resolve(result), this.#onFulfilled, this.#onRejected);
  }

  readonly #onFulfilled = (): void => this.answerer?.settle(this, undefined, false);
  readonly #onRejected = (error: unknown): void => this.answerer?.settle(this, error, true);

  /** A signal was given out, which is of this NOTIFY alone. */
  noteSignal(): void {
    this.#hasMore = true;
  }

  /** The parts of a NOTIFY with several handlers that were not settled when all had returned. */
  get parts(): readonly MessagePart[] {
    return this.#parts ?? NO_PARTS;
  }

  get remainingAckBytes(): number {
    return this.#engine!.maxAckBytes - this.ack.byteLength - this.#partActionBytes;
  }

  /** One of several handlers is called: `reset` takes back what it sets, and there is room for what parts leave. */
  beginActions(): void {
    this.ack.beginActionsAt(this.ack.byteLength);
    if (this.#partActionBytes > 0) this.mayGrow(this.#engine!.maxAckBytes - this.#partActionBytes);
  }

  /** What one of several handlers is called with that is known to settle later. */
  beginPart(entry: HandlerEntry, place: number): MessagePart {
    this.#hasMore = true;
    return new MessagePart(this, entry, place);
  }

  /** Makes a part of what a handler was called with that turned out to settle later; those after it get something new. */
  splitPart(entry: HandlerEntry, place: number): MessagePart {
    const part = this.beginPart(entry, place);
    part.takeOver(this.ack, this.actions, this.context);
    this.actions = new HandlerActions(this.ack);
    this.context = new HandlerContext(this);
    return part;
  }

  /** Takes the actions of a part whose handler is done. */
  joinPart(part: MessagePart): void {
    this.noteActions(-this.ack.takeActions(part.ack));
    part.close();
  }

  /** Waits for what the handler of a part returned. */
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

  /** Lets the ACK that was begun grow beyond its place. */
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

  /** Ends the ACK in `output` and closes all, where that is soon done; returns whether it is (benchmark `tiny through a socket`). */
  finishPlain(output: AckOutput): boolean {
    if (this.#hasMore) return false;
    output.commit(this.ack.end());
    this.notify.close();
    return true;
  }

  /** Ends the ACK, and copies it to `output` where it does not stand there. */
  finish(output: AckOutput): void {
    for (const part of this.parts) this.noteActions(-this.ack.takeActions(part.ack));
    if (this.#memory === NO_MEMORY && !this.#hasMovedAck) {
      output.commit(this.ack.end());
      return;
    }
    const buffer = output.reserve(this.ack.byteLength + NO_ACTION_BYTES);
    const { length } = output;
    output.commit(length + this.ack.endTo(buffer, length));
  }

  /** Begins what subscribers of diagnostics channels are told. */
  beginTrace(connection: ConnectionInfo): NotifyTrace {
    this.#trace = { connection, notify: this.context, outcome: undefined, error: undefined };
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
   * Tells the handlers that nobody waits for them any more, before all is closed: what is thrown by who listens to the
   * signal would end the process. What they do to the ACK is lost.
   */
  abort(reason: Error): void {
    if (!this.#hasMore) return;
    for (const part of this.parts) part.abort(reason);
    discardActions(this.actions);
    abortContext(this.context, reason);
  }

  /** Ends an exchange that nobody waits for any more: what its handlers do from now on throws. */
  drop(reason: Error): void {
    this.outcome = 'dropped';
    this.ack.end();
    this.abort(reason);
    this.close();
  }

  /** Ends all that handlers have of the NOTIFY. */
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
    endActions(this.actions);
    endContext(this.context);
    if (!this.isOneTime) {
      this.#reusedActions = new HandlerActions(this.#reusedAck);
      this.#reusedContext = new HandlerContext(this);
    } else if (this.isReusable) {
      this.waitCount = 0;
      this.settledCount = 0;
      // Or it would be kept with the exchange.
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
