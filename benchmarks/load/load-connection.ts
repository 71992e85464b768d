/** One connection of the load generator: keeps a window of NOTIFYs in flight, or as many as the agent takes. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { AckChecker } from './ack-checker.ts';
import { NotifyBlock } from './notify-block.ts';
import type { Variant } from './traffic.ts';
import { haproxyHello } from './wire.ts';

export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly variants: readonly Variant[];
  /** The most NOTIFYs in flight; `Infinity` for as many as the agent takes. */
  readonly window: number;
  /** NOTIFYs to send; `Infinity` to send until stopped. */
  readonly count: number;
}

const BLOCK_BYTES = 128 * 1024;

export class LoadConnection {
  readonly checker: AckChecker;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  /** Two blocks in turn: one is renumbered while the kernel may still be taking the other. */
  readonly #blocks: [NotifyBlock, NotifyBlock];
  #current = 1;
  #next = 0;
  #blockFirst = 0;
  #left: number;
  #writing = 0;
  readonly #settled = Promise.withResolvers<void>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#left = options.count;
    this.checker = new AckChecker(options.variants);
    const payload = options.variants[0]?.payload.length ?? 0;
    const round = options.variants.length;
    const frames = Math.max(round, Math.floor(BLOCK_BYTES / (payload + 14) / round) * round);
    this.#blocks = [new NotifyBlock(options.variants, frames), new NotifyBlock(options.variants, frames)];
    this.#next = frames;
    this.#blockFirst = -frames;
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(256 * 1024),
        callback: (length, bytes) => this.#read(length, Buffer.from(bytes.buffer, 0, length)),
      },
    });
    this.#socket.on('connect', () => this.#socket.write(haproxyHello()));
    this.#socket.on('error', (error) => this.#end(`connection: ${error.message}`));
    this.#socket.on('close', () => this.#end('connection closed by the agent'));
  }

  /** Settles when everything sent is acknowledged after {@link stop} or the last of `count`, or at the first error. */
  get finished(): Promise<void> {
    return this.#settled.promise;
  }

  /** Sends no further NOTIFY. */
  stop(): void {
    this.#left = 0;
    this.#settle();
  }

  destroy(): void {
    this.#settled.resolve();
    this.#socket.destroy();
  }

  #end(reason: string): void {
    if (this.#left > 0 || this.checker.acked < this.checker.sent) this.checker.error ??= reason;
    this.#settled.resolve();
  }

  #settle(): void {
    if (this.checker.error !== undefined || (this.#left === 0 && this.checker.acked === this.checker.sent))
      this.destroy();
  }

  #read(_length: number, bytes: Buffer): boolean {
    this.checker.push(bytes, performance.now());
    this.#send();
    this.#settle();
    return true;
  }

  #send(): void {
    if (!this.checker.greeted || this.checker.error !== undefined) return;
    let most = Math.min(this.#options.window - (this.checker.sent - this.checker.acked), this.#left);
    if (most > 0) most = this.checker.room(most);
    while (most > 0) {
      if (this.#next === this.#blocks[0].frames && !this.#turn()) return;
      const block = this.#blocks[this.#current] ?? this.#blocks[0];
      const take = Math.min(most, block.frames - this.#next);
      const bytes = block.bytes.subarray(block.offsets[this.#next], block.offsets[this.#next + take]);
      this.#next += take;
      most -= take;
      this.#left -= take;
      this.checker.sending(take, performance.now());
      this.#writing++;
      this.#socket.write(bytes, this.#written);
    }
  }

  readonly #written = (): void => {
    this.#writing--;
    if (this.#writing === 0) this.#send();
  };

  /** Goes on to the other block; false while the kernel may still hold bytes of it. */
  #turn(): boolean {
    if (this.#writing > 0 && this.#socket.writableLength > 0) return false;
    this.#current ^= 1;
    this.#blockFirst += this.#blocks[0].frames;
    this.#blocks[this.#current]?.fill(this.#blockFirst);
    this.#next = 0;
    return true;
  }
}
