import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PlainFrame } from '../data/model.ts';
import { PendingBytes } from '../data/pending-bytes.ts';
import { summarize } from '../data/summary.ts';
import { firstLines, toHex } from '../data/text.ts';
import { parseStream } from '../read/parse.ts';
import { OFFERED } from './vocabulary.ts';

/** The most bytes of one write or read that a trace shows. */
const MAX_TRACED_BYTES = 128;

/** One frame of an agent, and whether its payload is empty. */
export interface ReceivedFrame {
  readonly frame: PlainFrame;
  readonly isEmpty: boolean;
}

/** One connection of a case: writes the case's bytes, and reads the agent's frames until one is malformed. */
export class AgentConnection {
  readonly received: ReceivedFrame[] = [];
  /** The bytes written and read, in order, for people. */
  readonly trace: string[] = [];
  /** Why the agent's bytes cannot be read any more. */
  broken: string | undefined;
  /** Whether the agent has ended its direction, or the connection. */
  isEnded: boolean = false;
  /** Whether a read ended within a frame. */
  isSplit: boolean = false;
  readonly #socket: Socket;
  readonly #pending: PendingBytes = new PendingBytes();
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk));
    socket.on('error', (error) => this.#note(`(${error.message})`));
    socket.on('end', () => this.#end('the agent closes'));
    socket.on('close', () => this.#end('closed'));
  }

  /** Writes a piece, unless the agent has ended the connection. */
  write(piece: Uint8Array): void {
    this.#note(`> ${hexOf(piece)}`);
    if (!this.#socket.destroyed) this.#socket.write(piece);
  }

  /** Waits until `isDone()`, the end of the connection, or `timeMs`. */
  async until(isDone: () => boolean, timeMs: number): Promise<void> {
    const end = performance.now() + timeMs;
    while (!isDone() && !this.isEnded && this.broken === undefined && performance.now() < end) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, Math.max(1, end - performance.now()));
      await promise;
      clearTimeout(timer);
    }
  }

  /** Ends this direction. */
  halfClose(): void {
    this.#note('> (half-close)');
    this.#socket.end();
  }

  /** Ends the connection as HAProxy 3.1 and later do: with a reset, if it is TCP. */
  reset(): void {
    this.#note('> (reset)');
    if (this.#socket instanceof TLSSocket || this.#socket.remotePort === undefined) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Ends the connection, and traces nothing more. */
  close(): void {
    this.isEnded = true;
    this.#socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    this.#note(`< ${hexOf(chunk)}`);
    if (this.broken !== undefined) return;
    this.#pending.add(chunk);
    const { frames, offsets, consumed, error } = parseStream(this.#pending.bytes, {
      maxFrameSize: OFFERED,
      ackPadding: true,
    });
    for (const [index, frame] of frames.entries()) {
      const length = (offsets[index + 1] ?? consumed) - (offsets[index] ?? 0);
      this.received.push({ frame, isEmpty: length === emptyLength(frame) });
      this.#note(`  ${summarize(frame)}`);
    }
    this.#pending.take(consumed);
    this.isSplit ||= this.#pending.length > 0;
    if (error !== undefined) this.broken = `the agent sent a wrong frame: ${error.reason}`;
    this.#wake();
  }

  #note(line: string): void {
    this.trace.push(line);
  }

  #end(text: string): void {
    if (!this.isEnded) this.#note(`< (${text})`);
    this.isEnded = true;
    this.#wake();
  }
}

/** The bytes of a frame without a payload: length, type, flags, and two varints. */
function emptyLength({ streamId, frameId }: PlainFrame): number {
  return 9 + varintLength(streamId) + varintLength(frameId);
}

function varintLength(value: bigint): number {
  let length = 1;
  if (value < 240n) return length;
  for (let rest = (value - 240n) >> 4n; ; rest = (rest - 128n) >> 7n) {
    length++;
    if (rest < 128n) return length;
  }
}

/** Bytes for a trace, in one line. */
export function hexOf(bytes: Uint8Array): string {
  const cut = bytes.length > MAX_TRACED_BYTES ? `… (${bytes.length} bytes)` : '';
  return `${toHex(bytes.subarray(0, MAX_TRACED_BYTES))}${cut}`;
}

/** The lines of a trace, the first 200 of them. */
export function traceText(lines: readonly string[]): string {
  return firstLines(lines.join('\n'));
}
