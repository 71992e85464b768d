import { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { LinkedList } from './linked-list.ts';
import type { MessagePart } from './message-part.ts';

/** Limits of the NOTIFYs in flight of an agent; see its options of the same names. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
}

/** One connection may hold a quarter of `maxInFlightBytes`, so that there is always room for others. */
const SHARE = 4;

/** A connection that stopped reading because too many NOTIFYs are in flight. */
export interface Waiter {
  /** There is room for one more NOTIFY; returns whether the connection reads on. */
  mayResume(): boolean;
}

/**
 * The NOTIFYs of all connections whose handlers have not settled, with their memory and deadlines. A NOTIFY that is answered
 * synchronously is never added.
 */
export class InFlight {
  readonly #limits: InFlightLimits;
  /** The oldest first. */
  readonly #exchanges: LinkedList<Exchange> = new LinkedList();
  readonly #waiting: Set<Waiter> = new Set();
  /** Bytes of memory that the exchanges hold. */
  #heldBytes: number = 0;
  readonly #deadlines: Deadlines = new Deadlines();

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#exchanges.count;
  }

  /** The bytes in flight at which one connection stops reading, whatever others hold. */
  get maxBytesEach(): number {
    return this.#limits.maxInFlightBytes / SHARE;
  }

  /** Whether a limit of NOTIFYs or of bytes is reached, so that no connection may read on. */
  get isFull(): boolean {
    const { maxInFlight, maxInFlightBytes } = this.#limits;
    return this.#exchanges.count >= maxInFlight || this.#heldBytes >= maxInFlightBytes;
  }

  /** The limit that was reached, if {@link InFlight.isFull}. */
  get reachedLimit(): 'maxInFlight' | 'maxInFlightBytes' | undefined {
    if (!this.isFull) return undefined;
    return this.#exchanges.count >= this.#limits.maxInFlight ? 'maxInFlight' : 'maxInFlightBytes';
  }

  /** The exchange that has waited longest. */
  get oldest(): Exchange | undefined {
    return this.#exchanges.first;
  }

  /** Adds a detached exchange, which its answerer answers at its deadline. */
  add(exchange: Exchange): void {
    this.#exchanges.add(exchange.inFlightLink);
    this.#heldBytes += exchange.heldBytes;
    const { parts } = exchange;
    if (parts.length === 0) this.#deadlines.add(exchange.deadlineLink);
    for (const part of parts) this.#deadlines.add(part.deadlineLink);
  }

  /** Removes the deadline of one of several handlers of an exchange. */
  removePart(part: MessagePart): void {
    this.#deadlines.remove(part.deadlineLink);
  }

  /** Removes an exchange that was answered or dropped, and lets a waiter read on. */
  remove(exchange: Exchange): void {
    if (this.#exchanges.remove(exchange.inFlightLink)) this.#heldBytes -= exchange.heldBytes;
    this.#deadlines.remove(exchange.deadlineLink);
    for (const part of exchange.parts) this.#deadlines.remove(part.deadlineLink);
    this.resumeWaiting();
  }

  /** Notes that an exchange holds `bytes` more. Nothing is refused, but above the limit no connection reads on. */
  noteGrowth(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Calls `waiter` once there is room for one more NOTIFY, unless there is room now. */
  awaitRoom(waiter: Waiter): void {
    if (this.isFull) this.#waiting.add(waiter);
  }

  /** Forgets a waiter that will read no more. */
  stopWaiting(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  /**
   * Lets one waiter read on. The waiter calls this again after it has read, so that room is never left while others wait, and
   * no more connections read than there is room for.
   */
  resumeWaiting(): void {
    if (this.#waiting.size === 0 || this.isFull) return;
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      if (waiter.mayResume()) return;
    }
  }
}
