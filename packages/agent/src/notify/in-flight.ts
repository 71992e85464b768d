import type { Exchange } from './exchange.ts';

/** Bounds of what is in flight in an agent; see its options of the same names. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly processingTimeoutMs: number;
}

/** Who answers a NOTIFY whose handlers take too long. */
export interface Answerer {
  /** The deadline of `exchange` has passed: answer it, and remove it. */
  expire(exchange: Exchange): void;
}

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
  readonly #answerers: Map<Exchange, Answerer> = new Map();
  readonly #waiting: Set<Waiter> = new Set();
  /** Bytes of memory that the exchanges hold. */
  #heldBytes: number = 0;
  #deadlineTimer: NodeJS.Timeout | undefined;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#answerers.size;
  }

  /** Whether so many NOTIFYs are in flight, or such large ones, that no connection may read on. */
  get isFull(): boolean {
    const { maxInFlight, maxInFlightBytes } = this.#limits;
    return this.#answerers.size >= maxInFlight || this.#heldBytes >= maxInFlightBytes;
  }

  /** The limit that {@link InFlight.isFull} is about, if it is. */
  get reachedLimit(): 'maxInFlight' | 'maxInFlightBytes' | undefined {
    if (!this.isFull) return undefined;
    return this.#answerers.size >= this.#limits.maxInFlight ? 'maxInFlight' : 'maxInFlightBytes';
  }

  /** The exchange that has waited longest. */
  get oldest(): Exchange | undefined {
    return this.#answerers.keys().next().value;
  }

  /** Adds a detached exchange, which `answerer` answers at its deadline. */
  add(exchange: Exchange, answerer: Answerer): void {
    this.#answerers.set(exchange, answerer);
    this.#heldBytes += exchange.heldBytes;
    const { processingTimeoutMs } = this.#limits;
    if (this.#deadlineTimer === undefined && processingTimeoutMs > 0) this.#armDeadline(processingTimeoutMs);
  }

  /** Removes an exchange that was answered or dropped, which makes room for another one. */
  remove(exchange: Exchange): void {
    if (this.#answerers.delete(exchange)) this.#heldBytes -= exchange.heldBytes;
    this.resumeWaiting();
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

  /** One timer for all NOTIFYs, armed for the oldest: they expire in the order they came. */
  #armDeadline(delayMs: number): void {
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlineTimer = undefined;
      const expired = performance.now() - this.#limits.processingTimeoutMs;
      for (const [exchange, answerer] of this.#answerers) {
        if (exchange.startedAt > expired) {
          this.#armDeadline(Math.max(1, Math.ceil(exchange.startedAt - expired)));
          return;
        }
        answerer.expire(exchange);
      }
    }, delayMs);
    this.#deadlineTimer.unref();
  }
}
