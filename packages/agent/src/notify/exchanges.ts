import type { MessageSet } from '@spop/codec';
import { Exchange } from './exchange.ts';
import { MemoryPool } from './memory-pool.ts';

/** How many exchanges take turns, a power of two: as many as stay in the processor's cache (benchmark `tiny through a socket`). */
const SIZE = 8;
/** Where the count of NOTIFYs begins anew, a multiple of {@link SIZE}. */
const TURNS = 1 << 30;
/** How much is kept of those whose handlers have settled, in all. */
const MAX_KEPT_BYTES = 4_194_304;

/**
 * The exchanges that NOTIFYs are read into, in turn. What a synchronous handler kept beyond its call belongs to an
 * exchange that is closed until 7 others were used, so that using it throws. An exchange whose handlers outlive their
 * call leaves its place to another one, and may come back when they have settled.
 */
export class Exchanges {
  readonly #set: MessageSet;
  readonly #memory: MemoryPool = new MemoryPool();
  readonly #slots: Exchange[];
  /** How many NOTIFYs there were, and how many at the end of the last batch. */
  #turn: number = 0;
  #endedAt: number = 0;
  /** The first so many wait for a place. Never popped, since an array that shrinks and grows takes memory anew. */
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

  /** All handlers of a batch have returned: the ACKs that they kept throw for ever. */
  endBatch(): void {
    const turn = this.#turn;
    const count = Math.min(SIZE, (turn - this.#endedAt) & (TURNS - 1));
    this.#endedAt = turn;
    for (let i = 1; i <= count; i++) this.#slots[(turn - i) & (SIZE - 1)]!.renewActions();
  }

  /** Closes the one that was given last: something failed with it, and it is to keep no memory. */
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

  /** Takes back an exchange that was replaced and that nobody can come back to. */
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
