import { Duplex } from 'node:stream';

/**
 * One end of a connection in memory that behaves like TCP as far as the tests need: bytes that one side writes wait until the
 * other reads it, each direction ends by itself, and destroying one side resets the other. (Node's `duplexPair` tells
 * the other side of a destruction only in some releases.)
 */
class StreamEnd extends Duplex {
  #other: StreamEnd | undefined;
  #whenRead: (() => void) | undefined;

  /** Joins this end with the other. */
  join(other: StreamEnd): void {
    this.#other = other;
  }

  override _read(): void {
    const whenRead = this.#whenRead;
    this.#whenRead = undefined;
    whenRead?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const other = this.#other;
    // What the reader gets is its own, as bytes from a kernel are.
    if (other === undefined || other.destroyed) process.nextTick(callback);
    else other.#take(Buffer.from(chunk), callback);
  }

  override _final(callback: () => void): void {
    const other = this.#other;
    if (other !== undefined && !other.destroyed) other.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const other = this.#other;
    const isClean = this.writableFinished && this.readableEnded;
    if (other !== undefined && !other.destroyed && !isClean) process.nextTick(() => other.#reset());
    callback(error);
  }

  #take(chunk: Buffer, callback: () => void): void {
    if (this.push(chunk)) process.nextTick(callback);
    else this.#whenRead = callback;
  }

  #reset(): void {
    if (!this.destroyed) this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }
}

/** Both ends of a connection in memory; the second one is the agent's, whose chunks do not outlive their reading. */
export function streamPair(): readonly [Duplex, Duplex] {
  const [one, other] = [new StreamEnd({ highWaterMark: 16_384 }), new StreamEnd({ highWaterMark: 16_384 })];
  one.join(other);
  other.join(one);
  // The memory of a chunk is read into again as soon as its reader has returned, as a socket's read buffer is.
  other.on('data', (chunk: Buffer) => process.nextTick(() => chunk.fill(0x08)));
  return [one, other];
}
