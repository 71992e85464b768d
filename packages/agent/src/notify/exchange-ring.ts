import type { MessageSet } from '@spop/codec';
import { Exchange } from './exchange.ts';

/** How many exchanges take turns, a power of two: as many as stay in the processor's cache (benchmark `tiny through a socket`). */
const SIZE = 16;
const NO_SLOT = -1;

/**
 * The exchanges that synchronous handlers are called with, in turn. A view that a handler kept beyond its call belongs
 * to an exchange that is closed until 15 others were used, so that using it throws. A handler that outlives its call gets
 * an exchange that nobody had before and nobody has after: what another handler kept could read and answer in it.
 */
export class ExchangeRing {
  readonly #set: MessageSet;
  readonly #slots: Exchange[];
  #turn: number = 0;

  constructor(set: MessageSet) {
    this.#set = set;
    this.#slots = Array.from({ length: SIZE }, (_, slot) => new Exchange(set, slot));
  }

  /** The exchange whose turn it is. */
  next(): Exchange {
    const slot = this.#turn;
    this.#turn = (slot + 1) & (SIZE - 1);
    return this.#slots[slot]!;
  }

  /** An exchange that is used once, outside of the ring. */
  fresh(): Exchange {
    return new Exchange(this.#set, NO_SLOT);
  }

  /** Puts a new exchange in the place of one that is never to be used again. */
  replace(exchange: Exchange): void {
    const { slot } = exchange;
    if (slot !== NO_SLOT) this.#slots[slot] = new Exchange(this.#set, slot);
  }
}
