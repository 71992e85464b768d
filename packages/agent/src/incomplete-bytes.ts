/** A connection that holds bytes of incomplete frames, or bytes that wait to be read. */
export interface Holder {
  /** When the incomplete frame was begun, in ms of `wholeMs`. */
  readonly incompleteSince: number;
  /** Gives back memory that holds no bytes, and notes it. */
  giveBackEmpty(): void;
  /** Ends the connection, and drops what it holds. */
  endForRoom(): void;
}

/**
 * How many bytes all connections hold for incomplete frames, fragments, and bytes that were read before a pause. Above the
 * limit the connections whose frames were begun longest ago end, until the others fit.
 */
export class IncompleteBytes {
  readonly #maxBytes: number;
  readonly #holders: Map<Holder, number> = new Map();
  #total: number = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that all connections hold. */
  get total(): number {
    return this.#total;
  }

  /** `holder` holds `bytes` from now on. Call it when that has changed. It may end other connections, or `holder` itself. */
  note(holder: Holder, bytes: number): void {
    const before = this.#holders.get(holder) ?? 0;
    this.#total += bytes - before;
    if (bytes === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, bytes);
    if (bytes > before && this.#total > this.#maxBytes) this.#makeRoom();
  }

  #makeRoom(): void {
    for (const holder of this.#holders.keys()) holder.giveBackEmpty();
    for (let last = this.#oldest(); last !== undefined && this.#total > this.#maxBytes; last = this.#oldest()) {
      this.note(last, 0);
      last.endForRoom();
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
