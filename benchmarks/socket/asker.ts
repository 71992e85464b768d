/** HAProxy's end of a connection, which sends one NOTIFY again and again. */
import type { Duplex } from 'node:stream';
import { hello } from '../codec/frames.ts';

/** Sends equal NOTIFYs. Their ACKs are equal too, so that counting bytes counts ACKs. */
export class Asker {
  readonly #stream: Duplex;
  readonly #frame: Buffer;
  #ackLength = 0;
  #received = 0;
  #wanted = Infinity;
  #settle: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(stream: Duplex, frame: Buffer) {
    this.#stream = stream;
    this.#frame = frame;
    stream.once('close', () => this.#fail(new Error('expected an answer; found a closed stream')));
  }

  /** Makes the handshake, and asks once to learn the length of an ACK. */
  static async open(stream: Duplex, frame: Buffer): Promise<Asker> {
    const asker = new Asker(stream, frame);
    await asker.#firstAnswer(hello, 101);
    asker.#ackLength = await asker.#firstAnswer(frame, 103);
    stream.on('data', (chunk: Buffer) => asker.#take(chunk));
    return asker;
  }

  /**
   * Sends `count` NOTIFYs, `window` in one write, and waits for the ACKs of each write.
   *
   * @throws {Error} if the stream closes before the last ACK.
   */
  async ask(count: number, window: number): Promise<void> {
    const frames = Buffer.concat(Array.from({ length: Math.min(window, count) }, () => this.#frame));
    for (let left = count; left > 0; left -= window) {
      const inFlight = Math.min(left, window);
      await new Promise<void>((resolve, reject) => {
        this.#settle = resolve;
        this.#fail = reject;
        this.#received = 0;
        this.#wanted = inFlight * this.#ackLength;
        this.#stream.write(frames.subarray(0, inFlight * this.#frame.length));
      });
    }
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > this.#wanted)
      throw new Error(`expected ${this.#wanted} bytes of ACKs; found ${this.#received}`);
    if (this.#received === this.#wanted) this.#settle();
  }

  /** Sends one frame and returns the length of the frame that answers it. */
  async #firstAnswer(frame: Buffer, type: number): Promise<number> {
    const chunk = await new Promise<Buffer>((resolve, reject) => {
      this.#fail = reject;
      this.#stream.once('data', resolve);
      this.#stream.write(frame);
    });
    if (chunk[4] !== type || chunk.readUInt32BE(0) + 4 !== chunk.length) {
      throw new Error(`expected one frame of type ${type}; found ${chunk.toString('hex')}`);
    }
    return chunk.length;
  }
}
