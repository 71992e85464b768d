import { setImmediate as nextTurn } from 'node:timers/promises';
import { BufferPool } from '@spop/codec';
import { Output } from '../../packages/agent/src/output.ts';
import { SlowSocket } from '../../packages/agent/test/slow-socket.ts';
import type { Target } from './target.ts';

const BUFFER_BYTES = 32;
/** Turns until a socket has taken all that a run can put out. */
const MAX_TURNS = 400;

/** An output before a socket that is slow, quick or broken, as the input says. */
class Run {
  readonly #socket: SlowSocket;
  readonly #pool: BufferPool;
  readonly #output: Output;
  #put: string = '';
  /** Whether writes were made that could not wait for others. */
  #wasForced: boolean = false;

  constructor(first: number) {
    this.#socket = new SlowSocket((first & 1) === 1);
    this.#pool = new BufferPool({ bufferSize: BUFFER_BYTES, maxBuffers: 1 + (first >> 1) });
    this.#output = new Output(this.#socket, this.#pool, () => {});
  }

  async step(byte: number): Promise<void> {
    const kind = byte & 7;
    const more = byte >> 3;
    const isOdd = (more & 1) === 1;
    if (kind < 2) this.#putFrame(1 + more);
    else if (kind === 2) this.#output.flush();
    else if (kind === 3) {
      this.#output.flush(isOdd);
      this.#wasForced ||= isOdd;
    } else if (kind === 4) this.#takeNext();
    else if (kind === 5) this.#socket.isBusy = isOdd;
    else if (kind === 6) await nextTurn();
    else if (more === 31) this.#socket.destroy();
    else if (more === 30) this.#takeNext(new Error('reset'));
    else this.#output.reclaim();
    this.#check();
  }

  /** Lets the socket take all that is left, and fails unless it was all that was put, and every buffer is back. */
  async finish(): Promise<void> {
    this.#socket.isBusy = false;
    this.#output.flush();
    for (let turn = 0; turn < MAX_TURNS && this.#socket.handedCount > 0; turn++) {
      this.#takeNext();
      await nextTurn();
    }
    await nextTurn();
    this.#check();
    const taken = this.#socket.taken.join('');
    const isBroken = this.#socket.destroyed;
    if (!isBroken && taken !== this.#put) throw new Error(`expected ${this.#put} to be taken; found ${taken}`);
    if (isBroken) this.#output.destroy();
    else this.#output.reclaim();
    if (this.#pool.outCount > 0) throw new Error(`expected every buffer back; found ${this.#pool.outCount} out`);
    this.#socket.destroy();
  }

  /** Fails if more waits than may, or the socket took something else than was put. */
  #check(): void {
    const { outCount } = this.#pool;
    if (!this.#wasForced && outCount > 3) throw new Error(`expected two writes to wait; found ${outCount} buffers out`);
    const taken = this.#socket.taken.join('');
    if (!this.#put.startsWith(taken)) throw new Error(`expected the socket to take ${this.#put}; found ${taken}`);
  }

  #putFrame(size: number): void {
    const output = this.#output;
    // A frame that does not fit after the last one, or into any buffer, is written at once.
    const { buffer, length } = output;
    this.#wasForced ||= buffer !== undefined && size > buffer.length - length;
    const text = String.fromCodePoint(0x21 + (this.#put.length % 94)).repeat(size);
    output.reserve(size).write(text, output.length, 'latin1');
    output.commit(output.length + size);
    this.#put += text;
  }

  #takeNext(error: Error | null = null): void {
    // A closed socket takes nothing.
    if (!this.#socket.destroyed) this.#socket.takeNext(error);
  }
}

export const outputTarget: Target = {
  name: 'output',
  checks: 'an output before a slow socket writes every byte once and in order, and gives each buffer back once',
  maxBytes: 80,
  // Frames that are flushed one by one before a socket that is busy, and one that is quick again.
  seeds: () =>
    ['000d0002080210021802060406040602', '010d0002080210020506020d0002040602', '020d0002080bf8f0020406f7'].map((hex) =>
      Buffer.from(hex, 'hex'),
    ),
  async run(input) {
    const run = new Run(input[0] ?? 0);
    for (const byte of input.subarray(1)) await run.step(byte);
    await run.finish();
  },
};
