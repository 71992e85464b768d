import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { BufferPool } from '@spop/codec';

/**
 * Collects the frames of one connection in a pooled buffer and writes them in one go: one write per batch of NOTIFYs is
 * thirteen times faster than one per ACK (benchmark `load`), and HAProxy 3.1 and later misparses a frame that is split
 * in its ids.
 */
export class Output {
  /** Where to write the next frame, once {@link Output.reserve} made room. */
  buffer: Buffer | undefined;
  /** Bytes of frames in the buffer. */
  length: number = 0;
  /** Bytes handed to the stream since the beginning. */
  bytesWritten: number = 0;
  readonly #stream: Duplex;
  readonly #pool: BufferPool;
  /** Other streams may hand the very bytes to their reader, later: those get a copy. */
  readonly #isSocket: boolean;
  /** Buffers that the kernel has not taken yet, each with the number of its write. */
  readonly #unsent: { readonly write: number; readonly buffer: Buffer }[] = [];
  #writes: number = 0;
  #completed: number = 0;

  /** @param onDrained Called when the stream has taken everything after {@link Output.isBlocked}. */
  constructor(stream: Duplex, pool: BufferPool, onDrained: () => void) {
    this.#stream = stream;
    this.#pool = pool;
    this.#isSocket = stream instanceof Socket;
    stream.on('drain', onDrained);
  }

  /**
   * Whether as much as the stream's high-water mark waits for the peer to read. Less may always wait: TLS sockets and
   * streams in memory complete no write at once.
   */
  get isBlocked(): boolean {
    const stream = this.#stream;
    return stream.writableNeedDrain && stream.writableLength > 0;
  }

  /** Makes sure of `size` bytes behind `length` in `buffer`, and returns it. */
  reserve(size: number): Buffer {
    if (this.buffer !== undefined) {
      if (size <= this.buffer.length - this.length) return this.buffer;
      this.flush(true);
    }
    // A frame above the pool's size, or a burst that uses all of its buffers, gets memory of its own.
    const pooled = size <= this.#pool.bufferSize ? this.#pool.acquire() : undefined;
    this.buffer = pooled ?? Buffer.allocUnsafeSlow(Math.max(size, this.#pool.bufferSize));
    this.length = 0;
    return this.buffer;
  }

  /**
   * Writes what was collected; while the kernel holds back an earlier write, it waits for that and takes along what comes
   * meanwhile, so that a peer that reads slowly does not cost a buffer for each ACK.
   *
   * @param isLast Whether nothing can wait any more.
   */
  flush(isLast: boolean = false): void {
    const { buffer, length } = this;
    if (buffer === undefined || (this.#unsent.length > 0 && !isLast)) return;
    this.buffer = undefined;
    this.length = 0;
    const stream = this.#stream;
    if (length === 0 || stream.destroyed || stream.writableEnded) {
      this.#release(buffer);
      return;
    }
    this.bytesWritten += length;
    const bytes = buffer.subarray(0, length);
    if (!this.#isSocket) {
      stream.write(Buffer.from(bytes));
      this.#release(buffer);
      return;
    }
    this.#writes++;
    stream.write(bytes, this.#onWritten);
    // At zero the kernel has taken all of it, and the buffer is free; else it is once the write has completed.
    if (stream.writableLength === 0) this.#release(buffer);
    else this.#unsent.push({ write: this.#writes, buffer });
  }

  /** Gives all buffers back, after the stream is destroyed. */
  destroy(): void {
    if (this.buffer !== undefined) this.#release(this.buffer);
    this.buffer = undefined;
    for (const { buffer } of this.#unsent.splice(0)) this.#release(buffer);
  }

  readonly #onWritten = (): void => {
    this.#completed++;
    while (this.#unsent.length > 0 && this.#unsent[0]!.write <= this.#completed) {
      this.#release(this.#unsent.shift()!.buffer);
    }
    this.flush();
  };

  #release(buffer: Buffer): void {
    if (buffer.length === this.#pool.bufferSize && this.#pool.has(buffer)) this.#pool.release(buffer);
  }
}
