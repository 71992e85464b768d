import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { BufferPool } from '@spop/codec';
import { isObject } from './checks.ts';

/**
 * Collects the frames of one connection in a pooled buffer and writes them in one go. Each write is a system call that
 * wakes the peer, so that one for each ACK takes most of the time (benchmark `load`); and HAProxy 3.1 and later misparses
 * a frame that is split in its ids.
 */
export class Output {
  /** Where to write the next frame, once {@link Output.reserve} made room. */
  buffer: Buffer | undefined;
  /** Whether a full buffer was written that the peer does not make room for; whoever pauses for that sets it back. */
  mustPause: boolean = false;
  /** Bytes handed to the stream since the beginning. */
  bytesWritten: number = 0;
  #length: number = 0;
  readonly #stream: Duplex;
  readonly #pool: BufferPool;
  /** Other streams may hand the very bytes to their reader, later: those get a copy. */
  readonly #isSocket: boolean;
  /** TLS sockets complete no write at once, so that only a callback says when the first one is. */
  readonly #isEncrypted: boolean;
  /** Buffers that the kernel has not taken yet, each with the number of the callback that says that it has. */
  readonly #unsent: { readonly callback: number; readonly buffer: Buffer }[] = [];
  /** How many writes had a callback, and how many of those were called. */
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
   * Whether as much as the stream's high-water mark waits for the peer to read. Less may always wait: TLS sockets and
   * streams in memory complete no write at once.
   */
  get isBlocked(): boolean {
    const stream = this.#stream;
    return stream.writableNeedDrain && stream.writableLength > 0;
  }

  /** Whether bytes that were written wait for the peer to take them. */
  get isWaiting(): boolean {
    return this.#stream.writableLength > 0;
  }

  /**
   * A number that grows or falls with what the peer takes while bytes wait: writes that it took whole, and, of a socket,
   * what is left of the one that it is taking.
   */
  get progress(): number {
    const stream = this.#stream;
    return this.bytesWritten - stream.writableLength + queuedBytes(stream);
  }

  /** Bytes of frames in the buffer: where the next one is written. */
  get length(): number {
    return this.#length;
  }

  /** Makes sure of `size` bytes after `length` in `buffer`, and returns it. */
  reserve(size: number): Buffer {
    const { buffer } = this;
    return buffer !== undefined && size <= buffer.length - this.#length ? buffer : this.#acquire(size);
  }

  /** Takes what was written from `length` to `end` for frames of the output. */
  commit(end: number): void {
    this.#length = end;
  }

  #acquire(size: number): Buffer {
    if (this.buffer !== undefined) {
      this.flush(true);
      this.mustPause ||= this.isBlocked;
    }
    // A frame above the pool's size, or a burst that uses all of its buffers, gets memory of its own.
    const pooled = size <= this.#pool.bufferSize ? this.#pool.acquire() : undefined;
    this.buffer = pooled ?? Buffer.allocUnsafeSlow(Math.max(size, this.#pool.bufferSize));
    this.#length = 0;
    return this.buffer;
  }

  /**
   * Writes what was collected; while the kernel holds back two earlier writes, it waits for them and takes along what
   * comes meanwhile, so that a peer that reads slowly does not cost a buffer for each ACK.
   *
   * @param isLast Whether nothing can wait any more.
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
    // A callback takes its time (benchmark `load`, a NOTIFY on its own): only writes behind others have one.
    const hasCallback = this.#isEncrypted || this.#unsent.length > 0;
    if (hasCallback) this.#callbacks++;
    stream.write(bytes, hasCallback ? this.#onWritten : undefined);
    // At zero the kernel has taken all of it, and the buffer is free.
    if (stream.writableLength === 0) this.#release(buffer);
    else this.#unsent.push({ callback: hasCallback ? this.#callbacks : this.#callbacks + 1, buffer });
  }

  /** Takes back the buffers of all writes, where the kernel has taken everything. */
  reclaim(): void {
    if (this.#unsent.length > 0 && this.#stream.writableLength === 0) this.#releaseUnsent(this.#unsent.length);
  }

  /** Gives all buffers back, after the stream is destroyed. */
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
 * Bytes of the write under way that the kernel has not taken, where Node's sockets tell it; net.Socket's own timeout is
 * made of this number.
 */
function queuedBytes(stream: Duplex): number {
  const handle: unknown = stream instanceof Socket ? Reflect.get(stream, '_handle') : undefined;
  const queued: unknown = isObject(handle) ? Reflect.get(handle, 'writeQueueSize') : undefined;
  return typeof queued === 'number' ? queued : 0;
}
