/**
 * Bytes of one direction that are not a whole frame yet. The cost of adding and taking grows with the bytes, and not with the
 * number of pieces in which they come.
 */
export class PendingBytes {
  #memory: Uint8Array = new Uint8Array(0);
  #length: number = 0;

  /** The number of waiting bytes. */
  get length(): number {
    return this.#length;
  }

  /** The waiting bytes, in this object's memory; valid until the next {@link add} or {@link take}. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Copies a piece to the end. */
  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#memory.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#memory.length));
      grown.set(this.bytes);
      this.#memory = grown;
    }
    this.#memory.set(piece, this.#length);
    this.#length = length;
  }

  /** Drops the first `count` bytes. */
  take(count: number): void {
    if (count === 0) return;
    this.#memory.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
