import { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { LinkedList } from './linked-list.ts';
import type { MessagePart } from './message-part.ts';

/** Bounds of what is in flight in an agent; see its options of the same names. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
}

/** One connection may hold one part in so many of `maxInFlightBytes`, so that there is always room for others. */
const SHARE = 4;

/** Who stopped reading because too many NOTIFYs are in flight. */
export interface Waiter {
  /** There is room for one more NOTIFY: returns whether it is read. */
  mayResume(): boolean;
}

/**
 * The NOTIFYs of all connections whose handlers have not settled, with their memory and deadlines. NOTIFYs that are
 * answered synchronously are never here.
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

  /** At how many bytes a connection reads no further, whatever others hold. */
  get maxBytesEach(): number {
    return this.#limits.maxInFlightBytes / SHARE;
  }

  /** Whether so many NOTIFYs are in flight, or such large ones, that no connection may read on. */
  get isFull(): boolean {
    const { maxInFlight, maxInFlightBytes } = this.#limits;
    return this.#exchanges.count >= maxInFlight || this.#heldBytes >= maxInFlightBytes;
  }

  /** The limit that {@link InFlight.isFull} is about, if it is. */
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

  /** One of several handlers of an exchange was answered for. */
  removePart(part: MessagePart): void {
    this.#deadlines.remove(part.deadlineLink);
  }

  /** Removes an exchange that was answered or dropped, which makes room for another one. */
  remove(exchange: Exchange): void {
    if (this.#exchanges.remove(exchange.inFlightLink)) this.#heldBytes -= exchange.heldBytes;
    this.#deadlines.remove(exchange.deadlineLink);
    for (const part of exchange.parts) this.#deadlines.remove(part.deadlineLink);
    this.resumeWaiting();
  }

  /** Notes that an exchange holds so many bytes more: nothing is refused, but above the limit nobody reads on. */
  noteGrowth(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Has `waiter` told of room for one more NOTIFY, where there is none now. */
  awaitRoom(waiter: Waiter): void {
    if (this.isFull) this.#waiting.add(waiter);
  }

  /** Forgets a waiter that will read no more. */
  stopWaiting(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  /**
   * Lets one waiter read on. It calls again once it has read what it had, so that room is never left while others wait,
   * nor given to more connections than there is room for.
   */
  resumeWaiting(): void {
    if (this.#waiting.size === 0 || this.isFull) return;
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      if (waiter.mayResume()) return;
    }
  }
}
