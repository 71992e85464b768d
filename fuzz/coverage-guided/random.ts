/** Random numbers that a seed repeats: xorshift of 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e37_79b9;
  }

  /** A signed 32-bit integer, never 0. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return (this.next() >>> 0) % limit;
  }
}
