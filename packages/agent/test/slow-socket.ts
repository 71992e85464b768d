import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * A socket whose kernel takes what is written at once or, while it is busy, when the test says so. What is taken is read
 * from the very bytes that were written, at that moment: whoever reuses their memory too early is found out.
 */
export class SlowSocket extends Socket {
  /** What the kernel has not taken, write by write. */
  readonly #waiting: { readonly chunks: readonly Buffer[]; readonly done: Done }[] = [];
  /** What it took, write by write. */
  readonly taken: string[] = [];
  isBusy = false;

  /** @param isVectored Whether writes that wait are handed over in one, as sockets do, or one by one. */
  constructor(isVectored: boolean = false) {
    super();
    const write: Writable['_write'] = (chunk: Buffer, _, done) => this.#hand([chunk], done);
    this._write = write;
    const writeMany: Writable['_writev'] = (chunks, done) =>
      this.#hand(
        chunks.map(({ chunk }: { chunk: Buffer }) => chunk),
        done,
      );
    Reflect.set(this, '_writev', isVectored ? writeMany : undefined);
    this.on('error', () => {});
  }

  /** How many writes the kernel was given and has not taken. */
  get handedCount(): number {
    return this.#waiting.length;
  }

  /** Takes the next write that waits, or lets it fail. */
  takeNext(error: Error | null = null): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    if (error === null) this.taken.push(...next.chunks.map((chunk) => chunk.toString('latin1')));
    next.done(error);
  }

  #hand(chunks: readonly Buffer[], done: Done): void {
    this.#waiting.push({ chunks, done });
    if (!this.isBusy) this.takeNext();
  }
}
