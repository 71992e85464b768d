/** A connection with bytes of frames that were begun, or that were read and wait. */
export interface Holder {
  /** When the frame was begun that is not complete, in ms of `wholeMs`. */
  readonly incompleteSince: number;
  /** Gives back what memory has no bytes in it, and notes it. */
  giveBackEmpty(): void;
  /** Ends, and forgets what it holds. */
  endForRoom(): void;
}

/**
 * How much memory all connections hold for frames that are not complete, fragments, and what they read before they were
 * paused. Above the limit those end whose frame was begun longest ago, until the others fit.
 */
export class IncompleteBytes {
  readonly #maxBytes: number;
  readonly #holders: Map<Holder, number> = new Map();
  #total: number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of memory that all hold. */
  get total(): number {
    return this.#total;
  }

  /** `holder` holds so many bytes from now on. To be called where that has changed: it may end others, or `holder` itself. */
  note(holder: Holder, bytes: number): void {
    const before = this.#holders.get(holder) ?? 0;
    this.#total += bytes - before;
    if (bytes === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, bytes);
    if (bytes > before && this.#total > this.#maxBytes) this.#makeRoom();
  }

  #makeRoom(): void {
    for (const holder of this.#holders.keys()) holder.giveBackEmpty();
    while (this.#total > this.#maxBytes) {
      const holder = this.#oldest();
      if (holder === undefined) return;
      this.note(holder, 0);
      holder.endForRoom();
    }
  }

  #oldest(): Holder | undefined {
    let oldest: Holder | undefined;
    for (const holder of this.#holders.keys()) {
      if (oldest === undefined || holder.incompleteSince < oldest.incompleteSince) oldest = holder;
    }
    return oldest;
  }
}
