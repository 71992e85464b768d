/**
 * Bytes of one direction that are no whole frame yet. Adding and taking cost as much as the bytes that are added and
 * taken, however many pieces they come in.
 */
export class PendingBytes {
  #memory: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** The bytes that wait, in this object's memory: valid until the next {@link add} or {@link take}. */
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

  /** Forgets the first `count` bytes. */
  take(count: number): void {
    if (count === 0) return;
    this.#memory.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
