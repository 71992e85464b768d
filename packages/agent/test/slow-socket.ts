import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * A socket whose kernel takes writes at once or, while it is busy, when the test says so. The bytes are copied only at that
 * moment, so that a test notices memory that is reused too early.
 */
export class SlowSocket extends Socket {
  /** The writes that the kernel has not taken. */
  readonly #waiting: { readonly chunks: readonly Buffer[]; readonly done: Done }[] = [];
  /** The writes that it took. */
  readonly taken: string[] = [];
  isBusy = false;

  /** @param isVectored True if waiting writes are passed on in one, as sockets do, or else one by one. */
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

  /** The number of writes that the kernel was given and has not taken. */
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
