import { type Duplex, duplexPair } from 'node:stream';

/**
 * Both ends of a connection in memory that behaves like TCP: destroying one end resets the other. The second one is the agent's,
 * whose chunks are overwritten after it has read them.
 */
export function streamPair(): readonly [Duplex, Duplex] {
  const [ours, theirs] = duplexPair();
  for (const [one, other] of [
    [ours, theirs],
    [theirs, ours],
  ] as const) {
    // Not every release of Node tells the other end.
    one.once('close', () => {
      const isClean = one.writableFinished && one.readableEnded;
      if (!isClean && !other.destroyed)
        other.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    });
  }
  // The memory of a chunk is read into again as soon as its reader has returned, as a socket's read buffer is.
  theirs.on('data', (chunk: Buffer) => process.nextTick(() => chunk.fill(0x08)));
  return [ours, theirs];
}

/** Writes a copy of the bytes in pieces whose sizes start over at the end; without sizes at once. */
export function writePieces(stream: Duplex, bytes: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, index = 0; at < bytes.length && stream.writable; index++) {
    const end = at + Math.max(1, sizes[index % sizes.length] ?? bytes.length);
    stream.write(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
}
