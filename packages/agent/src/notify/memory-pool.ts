/** The smallest piece has 256 bytes: enough for a small NOTIFY and an ACK with a few actions. */
const MIN_BITS = 8;
/** Larger pieces are allocated in the size asked for, and not kept. */
const MAX_PIECE_BYTES = 4_194_304;
/** The most bytes of all free pieces. */
const MAX_KEPT_BYTES = MAX_PIECE_BYTES;

/**
 * Memory for NOTIFYs in flight, in pieces of 256, 512, 1,024 … bytes. A piece that is given back keeps its bytes; no view
 * shows them, since each checks the limits of what was read.
 */
export class MemoryPool {
  /**
   * By size; `#counts` says how many of each list are free. Never popped, since an array that shrinks and grows allocates
   * memory.
   */
  readonly #free: Buffer[][] = Array.from({ length: 1 + sizeIndex(MAX_PIECE_BYTES) }, () => []);
  readonly #counts: Int32Array = new Int32Array(this.#free.length);
  #keptBytes: number = 0;

  /** Bytes of all free pieces. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** A piece of at least `size` bytes, 1 or more, with any content. */
  take(size: number): Buffer {
    if (size > MAX_PIECE_BYTES) return Buffer.allocUnsafeSlow(size);
    const index = sizeIndex(size);
    const count = this.#counts[index]!;
    if (count === 0) return Buffer.allocUnsafeSlow(1 << (index + MIN_BITS));
    this.#counts[index] = count - 1;
    const piece = this.#free[index]![count - 1]!;
    this.#keptBytes -= piece.length;
    return piece;
  }

  /** Gives back a piece, which the caller no longer reads or writes. */
  give(piece: Buffer): void {
    if (this.#keptBytes + piece.length > MAX_KEPT_BYTES) return;
    const index = sizeIndex(piece.length);
    this.#free[index]![this.#counts[index]!++] = piece;
    this.#keptBytes += piece.length;
  }
}

function sizeIndex(size: number): number {
  return 32 - Math.clz32((size - 1) >> MIN_BITS);
}
