import { SpopError } from './errors.ts';

/** Options of a {@link BufferPool}. */
export interface BufferPoolOptions {
  /** Size of each buffer in bytes. */
  readonly bufferSize: number;
  /** The most buffers that are in use at once; the pool never holds more than `bufferSize * maxBuffers` bytes. */
  readonly maxBuffers: number;
}

/**
 * Buffers of one size, which are allocated when first needed and then reused. Acquiring allocates only while more buffers are
 * in use than ever before.
 *
 * A released buffer keeps its bytes. No view shows them, since each checks the limit of what was read, not the buffer's end.
 */
export class BufferPool {
  /** Size of each buffer in bytes. */
  readonly bufferSize: number;
  /** The most buffers that are in use at once. */
  readonly maxBuffers: number;
  /** The first `#freeCount` are free. Never popped, since an array that shrinks and grows allocates memory. */
  readonly #free: Buffer[] = [];
  #freeCount: number = 0;
  /** Every buffer of this pool, and whether it is in use. */
  readonly #isOut: Map<Buffer, boolean> = new Map();
  #outCount: number = 0;

  /** @throws {RangeError} when a size or count is not a positive integer. */
  constructor(options: BufferPoolOptions) {
    for (const [name, value] of Object.entries(options)) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`expected ${name} to be a positive integer; found ${value}`);
      }
    }
    this.bufferSize = options.bufferSize;
    this.maxBuffers = options.maxBuffers;
  }

  /** How many buffers are in use. */
  get outCount(): number {
    return this.#outCount;
  }

  /** How many buffers exist, in use or free. */
  get bufferCount(): number {
    return this.#isOut.size;
  }

  /** Whether the buffer belongs to this pool. */
  has(buffer: Buffer): boolean {
    return this.#isOut.has(buffer);
  }

  /** A buffer with any content, which is the caller's until it is released; undefined when all `maxBuffers` are in use. */
  acquire(): Buffer | undefined {
    let buffer = this.#freeCount > 0 ? this.#free[--this.#freeCount] : undefined;
    if (buffer === undefined) {
      if (this.#isOut.size >= this.maxBuffers) return undefined;
      buffer = Buffer.allocUnsafeSlow(this.bufferSize);
    }
    this.#isOut.set(buffer, true);
    this.#outCount++;
    return buffer;
  }

  /** Gives a buffer back. @throws {SpopError} SPOP_POOL_MISUSE when it is not in use, or not from this pool. */
  release(buffer: Buffer): void {
    const isOut = this.#isOut.get(buffer);
    if (isOut !== true) {
      throw new SpopError(
        'SPOP_POOL_MISUSE',
        isOut === undefined
          ? 'expected a buffer of this pool; found another'
          : 'expected a buffer that is out; found one that was released already',
      );
    }
    this.#isOut.set(buffer, false);
    this.#outCount--;
    this.#free[this.#freeCount++] = buffer;
  }
}
