import {
  AckWriter,
  type ArgumentTypes,
  Frame,
  type MessageDefinition,
  type MessageReader,
  type MessageSet,
  type MessageView,
  Notify,
} from '@spop/codec';
import type { ConnectionInfo } from '../observe/events.ts';
import type { NotifyContext } from '../notify-context.ts';
import { endTrace, type NotifyOutcome, type NotifyTrace } from '../observe/trace.ts';

const NO_MEMORY: Buffer = Buffer.alloc(0);

/** What an exchange asks of the session whose NOTIFY it is. */
export interface Engine {
  /** The engine-id of the handshake; undefined where HAProxy did not say. */
  readonly engineId: string | undefined;
}

/**
 * One NOTIFY and its ACK, from its arrival to the last byte of the answer. Reused for NOTIFY after NOTIFY where handlers
 * answer synchronously; one that outlives its call is never used again, so that a late use of its views can only throw.
 */
export class Exchange implements NotifyContext {
  declare readonly slot: number;
  declare readonly notify: Notify;
  readonly ack: AckWriter = new AckWriter();
  /** Whether the handlers have not settled yet, and nobody answered for them. */
  isPending: boolean = false;
  /** What handlers returned that settles later. An exchange that has any is never used again. */
  pending: Promise<void>[] | undefined;
  /** How many of those have settled. */
  settledCount: number = 0;
  /** When the NOTIFY came, on the clock of performance.now(), in ms: only set for asynchronous handlers. */
  startedAt: number = 0;
  /** When its bytes were read, on the same clock and as `startedAt`. */
  receivedAt: number = 0;
  /** How it ends, for subscribers of diagnostics channels. */
  outcome: NotifyOutcome = 'answered';
  #engine: Engine | undefined;
  #abort: AbortController | undefined;
  #abortReason: Error | undefined;
  #trace: NotifyTrace | undefined;
  /** Where the ACK of a detached exchange is written. */
  #ackMemory: Buffer = NO_MEMORY;
  /** Bytes of memory of its own, once it is detached, with what peers can make its views take. */
  heldBytes: number = 0;

  /** @param slot Where the exchange stands among those that are reused. */
  constructor(set: MessageSet, slot: number) {
    this.slot = slot;
    this.notify = new Notify(set);
  }

  get streamId(): number {
    return this.notify.streamId;
  }

  /** The stream-id for reports: as near as a number comes to those above 2^53, for which `streamId` throws. */
  get reportedStreamId(): number {
    const { bytes, idsStart, payloadStart } = this.notify;
    return Number(Object.assign(new Frame(), { bytes, idsStart, payloadStart }).toStreamId());
  }

  get frameId(): number {
    return this.notify.frameId;
  }

  get engineId(): string | undefined {
    return this.#engine?.engineId;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  get<Args extends ArgumentTypes>(definition: MessageDefinition<Args>): MessageView<Args> | undefined {
    return this.notify.get(definition);
  }

  walk(): MessageReader {
    return this.notify.walk();
  }

  /** For those who log it. */
  toJSON(): object {
    return { streamId: this.streamId, frameId: this.frameId, engineId: this.engineId };
  }

  /** Whether {@link Exchange.signal} was read, which keeps the exchange from being used again. */
  get hasSignal(): boolean {
    return this.#abort !== undefined;
  }

  /** Reads the NOTIFY; its ACK is still to be begun. @throws {SpopError} what is malformed in it. */
  read(engine: Engine, frame: Frame): void {
    if (this.#engine !== engine) this.#engine = engine;
    this.notify.read(frame);
  }

  /** How long the ACK of a detached exchange may be, in bytes. */
  get maxAckBytes(): number {
    return this.#ackMemory.length;
  }

  /** Copies NOTIFY and ACK to memory of its own, so that the handlers can outlive the batch. */
  detach(maxAckBytes: number, startedAt: number): void {
    const size = this.notify.byteLength;
    const memory = Buffer.allocUnsafe(size + maxAckBytes);
    this.heldBytes = memory.length + this.notify.repeatedBytes;
    this.notify.moveTo(memory.subarray(0, size));
    this.#ackMemory = memory.subarray(size);
    this.ack.moveTo(this.#ackMemory, maxAckBytes);
    this.isPending = true;
    this.startedAt = startedAt;
  }

  /** Ends a detached exchange: copies its ACK to `position` of `target` and returns the offset after it. */
  finish(target: Buffer, position: number): number {
    const length = this.ack.end();
    this.#ackMemory.copy(target, position, 0, length);
    this.close();
    return position + length;
  }

  /** Begins what subscribers of diagnostics channels are told. */
  beginTrace(connection: ConnectionInfo): NotifyTrace {
    this.#trace = { connection, notify: this, outcome: undefined, error: undefined };
    return this.#trace;
  }

  /** Notes that a handler threw or rejected. */
  fail(error: unknown): void {
    if (this.#trace === undefined) return;
    this.outcome = 'failed';
    this.#trace.error = error;
  }

  /** Ends all views of the NOTIFY. */
  close(): void {
    if (this.#trace !== undefined) {
      endTrace(this.#trace, this.outcome);
      this.#trace = undefined;
      this.outcome = 'answered';
    }
    this.notify.close();
  }

  /** Ends an exchange that nobody waits for any more: what its handlers do from now on throws. */
  drop(): void {
    this.outcome = 'dropped';
    this.ack.end();
    this.close();
  }

  /** Tells the handlers that nobody waits for them any more. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#abort?.abort(reason);
  }
}
