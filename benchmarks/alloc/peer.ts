import type { Socket } from 'node:net';
import { FrameReader, FrameType, FrameWriter, writeHaproxyHello } from '@spop/codec';

/** HAProxy's side of a connection, as far as this needs it. */
export class Peer {
  readonly #socket: Socket;
  readonly #reader: FrameReader = new FrameReader();
  #frames: number = 0;
  #onFrames: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        if (frame.type === FrameType.AgentDisconnect) throw new Error('expected ACKs; found an AGENT-DISCONNECT');
        this.#frames++;
      }
      this.#onFrames();
    });
  }

  async greet(): Promise<void> {
    const hello = Buffer.alloc(1_024);
    const end = writeHaproxyHello(new FrameWriter(), hello, 0, hello.length, {
      supportedVersions: '2.0',
      maxFrameSize: 16_380,
      capabilities: ['pipelining'],
      engineId: 'allocations',
    });
    await this.#exchange(hello.subarray(0, end), 1);
  }

  /** Sends `count` NOTIFYs, `window` at a time in one write, and waits for all ACKs of each. */
  async ask(frame: Buffer, window: number, count: number): Promise<void> {
    const batch = Buffer.concat(Array.from({ length: window }, () => frame));
    for (let sent = 0; sent < count; sent += window) await this.#exchange(batch, window);
  }

  #exchange(bytes: Buffer, answers: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const wanted = this.#frames + answers;
      this.#onFrames = () => {
        if (this.#frames >= wanted) resolve();
      };
      this.#socket.once('error', reject);
      this.#socket.write(bytes, () => this.#socket.off('error', reject));
    });
  }
}
