import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { BufferPool } from '@spop/codec';
import { isObject } from './checks.ts';

/**
 * Collects the frames of one connection in a pooled buffer and writes them at once. Each write is a system call that wakes
 * the peer: with one write for each ACK they take most of the time (benchmark `load`). Also, HAProxy 3.1 and later misparses
 * a frame that is split in its ids.
 */
export class Output {
  /** The buffer of the next frame, after {@link Output.reserve} made room. */
  buffer: Buffer | undefined;
  /** Whether a full buffer was written while the peer does not read; the code that pauses reading resets it. */
  mustPause: boolean = false;
  /** Bytes written to the stream so far. */
  bytesWritten: number = 0;
  #length: number = 0;
  readonly #stream: Duplex;
  readonly #pool: BufferPool;
  /** Streams that are not sockets get a copy, since they may hand the same memory to their reader later. */
  readonly #isSocket: boolean;
  /** TLS sockets complete no write at once: only a callback tells when the first one is complete. */
  readonly #isEncrypted: boolean;
  /** Buffers that the kernel has not taken yet, each with the number of the callback that tells when it has. */
  readonly #unsent: { readonly callback: number; readonly buffer: Buffer }[] = [];
  /** How many writes had a callback, and how many callbacks were called. */
  #callbacks: number = 0;
  #called: number = 0;

  /** @param onDrained Called when the stream has taken everything after {@link Output.isBlocked}. */
  constructor(stream: Duplex, pool: BufferPool, onDrained: () => void) {
    this.#stream = stream;
    this.#pool = pool;
    this.#isSocket = stream instanceof Socket;
    this.#isEncrypted = stream instanceof TLSSocket;
    stream.on('drain', onDrained);
  }

  /**
   * Whether the peer has not read as many bytes as the stream's high-water mark. Fewer may always wait: TLS sockets and streams
   * in memory complete no write at once.
   */
  get isBlocked(): boolean {
    const stream = this.#stream;
    return stream.writableNeedDrain && stream.writableLength > 0;
  }

  /** Whether written bytes wait for the peer to take them. */
  get isWaiting(): boolean {
    return this.#stream.writableLength > 0;
  }

  /**
   * A number that changes when the peer takes bytes: those of complete writes, and for a socket those of the write under way.
   */
  get progress(): number {
    const stream = this.#stream;
    return this.bytesWritten - stream.writableLength + queuedBytes(stream);
  }

  /** Bytes of frames in the buffer, where the next frame is written. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `size` bytes after `length` in `buffer`, and returns the buffer. */
  reserve(size: number): Buffer {
    const { buffer } = this;
    return buffer !== undefined && size <= buffer.length - this.#length ? buffer : this.#acquire(size);
  }

  /** Adds the frames that were written from `length` to `end`. */
  commit(end: number): void {
    this.#length = end;
  }

  #acquire(size: number): Buffer {
    if (this.buffer !== undefined) {
      this.flush(true);
      this.mustPause ||= this.isBlocked;
    }
    // A frame longer than a pooled buffer, or a burst that uses all of these, gets memory of its own.
    const pooled = size <= this.#pool.bufferSize ? this.#pool.acquire() : undefined;
    this.buffer = pooled ?? Buffer.allocUnsafeSlow(Math.max(size, this.#pool.bufferSize));
    this.#length = 0;
    return this.buffer;
  }

  /**
   * Writes the collected frames. While two earlier writes wait for the kernel it goes on collecting, so that a peer that reads
   * slowly does not cost a buffer for each ACK.
   *
   * @param isLast Whether to write in any case.
   */
  flush(isLast: boolean = false): void {
    const { buffer } = this;
    const length = this.#length;
    if (buffer === undefined) return;
    this.reclaim();
    if (this.#unsent.length > 1 && !isLast) return;
    this.buffer = undefined;
    this.#length = 0;
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
    // A callback takes time (benchmark `load`, a NOTIFY on its own): only writes that wait for others have one.
    const hasCallback = this.#isEncrypted || this.#unsent.length > 0;
    if (hasCallback) this.#callbacks++;
    stream.write(bytes, hasCallback ? this.#onWritten : undefined);
    // At zero the kernel has taken all of it, and the buffer is free.
    if (stream.writableLength === 0) this.#release(buffer);
    else this.#unsent.push({ callback: hasCallback ? this.#callbacks : this.#callbacks + 1, buffer });
  }

  /** Releases the buffers of all writes, once the kernel has taken everything. */
  reclaim(): void {
    if (this.#unsent.length > 0 && this.#stream.writableLength === 0) this.#releaseUnsent(this.#unsent.length);
  }

  /** Releases all buffers, after the stream was destroyed. */
  destroy(): void {
    if (this.buffer !== undefined) this.#release(this.buffer);
    this.buffer = undefined;
    this.#releaseUnsent(this.#unsent.length);
  }

  readonly #onWritten = (): void => {
    this.#called++;
    this.#releaseUnsent(this.#unsent.filter(({ callback }) => callback <= this.#called).length);
    this.flush();
  };

  #releaseUnsent(count: number): void {
    for (const { buffer } of this.#unsent.splice(0, count)) this.#release(buffer);
  }

  #release(buffer: Buffer): void {
    if (buffer.length === this.#pool.bufferSize && this.#pool.has(buffer)) this.#pool.release(buffer);
  }
}

/**
 * Bytes of the write under way that the kernel has not taken, or 0 if Node does not tell. The timeout of net.Socket uses it
 * too.
 */
function queuedBytes(stream: Duplex): number {
  const handle: unknown = stream instanceof Socket ? Reflect.get(stream, '_handle') : undefined;
  const queued: unknown = isObject(handle) ? Reflect.get(handle, 'writeQueueSize') : undefined;
  return typeof queued === 'number' ? queued : 0;
}
