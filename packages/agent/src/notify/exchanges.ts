import type { MessageSet } from '@spop/codec';
import { Exchange } from './exchange.ts';
import { MemoryPool } from './memory-pool.ts';

/** How many exchanges take turns, a power of two. Eight stay in the processor's cache (benchmark `tiny through a socket`). */
const SIZE = 8;
/** The count of NOTIFYs begins anew here, at a multiple of {@link SIZE}. */
const TURNS = 1 << 30;
/** The most bytes of all exchanges that are kept after their handlers have settled. */
const MAX_KEPT_BYTES = 4_194_304;

/**
 * The exchanges that NOTIFYs are read into, in turn. An object that a synchronous handler kept belongs to an exchange that
 * stays closed until 7 others were used, so that using the object throws. An exchange whose handlers outlive their call
 * leaves its place to another one, and is used again after they have settled.
 */
export class Exchanges {
  readonly #set: MessageSet;
  readonly #memory: MemoryPool = new MemoryPool();
  readonly #slots: Exchange[];
  /** The count of NOTIFYs, now and at the end of the last batch. */
  #turn: number = 0;
  #endedAt: number = 0;
  /** The first `#freeCount` wait for a place. Never popped, since an array that shrinks and grows allocates memory. */
  readonly #free: Exchange[] = [];
  #freeCount: number = 0;
  #freeBytes: number = 0;

  constructor(set: MessageSet) {
    this.#set = set;
    this.#slots = Array.from({ length: SIZE }, (_, slot) => this.#make(slot));
  }

  /** The exchange whose turn it is. */
  next(): Exchange {
    const turn = this.#turn;
    this.#turn = (turn + 1) & (TURNS - 1);
    return this.#slots[turn & (SIZE - 1)]!;
  }

  /** All handlers of a batch have returned: ACKs that they kept throw for ever. */
  endBatch(): void {
    const turn = this.#turn;
    const count = Math.min(SIZE, (turn - this.#endedAt) & (TURNS - 1));
    this.#endedAt = turn;
    for (let i = 1; i <= count; i++) this.#slots[(turn - i) & (SIZE - 1)]!.renewActions();
  }

  /** Closes the exchange that was used last, after an error, so that it keeps no memory. */
  closeLast(): void {
    this.#slots[(this.#turn - 1) & (SIZE - 1)]!.close();
  }

  /** Puts another exchange in the place of one whose handlers outlive their call. */
  replace(exchange: Exchange): void {
    const { slot } = exchange;
    if (this.#freeCount === 0) {
      this.#slots[slot] = this.#make(slot);
      return;
    }
    const other = this.#free[--this.#freeCount]!;
    this.#freeBytes -= other.keptBytes;
    other.slot = slot;
    this.#slots[slot] = other;
  }

  /** Takes back an exchange that was replaced and whose handlers have settled. */
  giveBack(exchange: Exchange): void {
    const { keptBytes } = exchange;
    if (this.#freeBytes + keptBytes > MAX_KEPT_BYTES) return;
    this.#free[this.#freeCount++] = exchange;
    this.#freeBytes += keptBytes;
  }

  #make(slot: number): Exchange {
    return new Exchange(this.#set, this.#memory, slot);
  }
}
