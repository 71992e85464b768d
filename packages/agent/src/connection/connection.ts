import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SpopError, Status, STATUS_MESSAGES } from '@spop/codec';
import { BackPressure } from './back-pressure.ts';
import { Intake } from './intake.ts';
import { wholeMs } from '../clock.ts';
import { Output } from '../output.ts';
import { Patience } from './patience.ts';
import { Session } from '../session/session.ts';
import type { Shared } from '../shared.ts';
import { type ReadBuffer, readStatically } from './shared-read.ts';
import type { Transport } from '../session/transport.ts';
import { textOf } from '../observe/error-text.ts';

/**
 * One connection's transport: bytes in, whole frames to the session, one write for all that the session answers to a
 * batch. It knows streams, buffers and time, and nothing of what the frames say.
 */
export class Connection implements Transport {
  declare readonly id: number;
  declare readonly remote: string | undefined;
  declare readonly output: Output;
  declare readonly session: Session;
  bytesRead: number = 0;
  readonly #shared: Shared;
  readonly #stream: Duplex;
  readonly #onClosed: (connection: Connection) => void;
  readonly #intake: Intake;
  /** Whether bytes arrive in the buffer that all sockets share. */
  readonly #isStatic: boolean;
  readonly #backPressure: BackPressure;
  readonly #patience: Patience;
  #isFlushScheduled: boolean = false;
  #hasEnded: boolean = false;
  #isClosed: boolean = false;
  #hasTimedOut: boolean = false;
  #lingerTimer: NodeJS.Timeout | undefined;

  /**
   * @param readBuffer The buffer to read into, for a new socket of a server with `pauseOnConnect`.
   * @param onClosed Called once, when the stream has closed.
   */
  constructor(
    shared: Shared,
    stream: Duplex,
    id: number,
    readBuffer: ReadBuffer | undefined,
    onClosed: (connection: Connection) => void,
  ) {
    this.#shared = shared;
    this.#onClosed = onClosed;
    this.id = id;
    this.remote = stream instanceof Socket ? remoteOf(stream) : undefined;
    const replaced =
      readBuffer !== undefined && stream instanceof Socket
        ? readStatically(stream, readBuffer.bytes, (length, buffer) => this.#onRead(length, buffer))
        : undefined;
    this.#isStatic = replaced !== undefined;
    this.#stream = replaced ?? stream;
    this.output = new Output(this.#stream, shared.outputPool, () => this.mayResume());
    this.session = new Session(shared, this);
    this.#patience = new Patience(shared.options, wholeMs());
    this.#backPressure = new BackPressure(shared, {
      stream: this.#stream,
      output: this.output,
      session: this.session,
      keepUnread: () => this.#intake.keepUnread(),
      readKept: () => this.#intake.readKept(),
      onCaughtUp: this.#flush,
    });
    this.#intake = new Intake(shared, {
      session: this.session,
      output: this.output,
      patience: this.#patience,
      backPressure: this.#backPressure,
      flush: this.#flush,
      fail: (error) => this.#fail(error),
    });
    this.#listen();
  }

  setMaxFrameSize(bytes: number): void {
    this.#intake.maxFrameSize = bytes;
  }

  scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#patience.noteActivity(wholeMs());
    // Flush after the promises that settle in this turn, so that their ACKs share a write. A write that may be the last one
    // waits longer: until the bytes that came meanwhile were read.
    if (this.session.isLeavingSoon) setImmediate(this.#flush);
    else process.nextTick(this.#flush);
  }

  leave(): void {
    this.scheduleFlush();
    // Within a batch the reader still holds the frame that made the session leave.
    if (!this.#shared.turn.isReading) this.#intake.noteHeld();
    this.#linger();
    // Read the bytes that were held back: the end of the peer's stream comes after them.
    this.mayResume();
  }

  /** Closes after `lingerTimeoutMs`, whatever the peer or a handler does. */
  #linger(): void {
    this.#lingerTimer ??= setTimeout(() => this.destroy(), this.#shared.options.lingerTimeoutMs);
  }

  get hasUnread(): boolean {
    return this.#intake.hasUnread;
  }

  get framesRead(): number {
    return this.#intake.framesRead;
  }

  get wasHeldBack(): boolean {
    return this.#backPressure.wasHeldBack;
  }

  mayResume(): boolean {
    return this.#backPressure.mayResume();
  }

  /** Closes at once. */
  destroy(): void {
    this.#stream.destroy();
    if (this.#isClosed) return;
    // 'close' comes within the next turns of the event loop. Some streams never emit it.
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => this.#onClose(), this.#shared.options.lingerTimeoutMs);
  }

  /** Closes at once: NOTIFYs in flight get the fallback actions, and the ACKs are still written. */
  giveUp(reason: string): void {
    this.session.giveUp(reason);
    this.output.flush(true);
    this.destroy();
  }

  /** Ends the connection when one of its timers has run out; called at each tick of the agent's clock. */
  checkTimers(now: number): void {
    const { session } = this;
    this.output.reclaim();
    if (session.isOver) return;
    if (this.#patience.hasStalled(this.output, now)) {
      this.#timeOut(`the peer took no byte of its ACKs within ${this.#shared.options.writeTimeoutMs} ms`);
      // The peer would not take the AGENT-DISCONNECT either.
      this.destroy();
      return;
    }
    const reason = this.#patience.reasonToEnd(
      {
        isNew: !session.isGreeted,
        isPartial: (this.hasUnread || session.fragmentedCount !== 0) && !this.#backPressure.isPaused,
        isIdle: session.inFlightCount === 0 && !this.#backPressure.waitsForRoom,
      },
      now,
    );
    if (reason !== undefined) this.#timeOut(reason);
  }

  #timeOut(reason: string): void {
    this.#hasTimedOut = true;
    this.session.end(Status.Timeout, reason);
  }

  /** Refuses the connection before its handshake. */
  refuse(reason: string): void {
    this.session.end(Status.ResourceAllocation, reason);
  }

  #listen(): void {
    const stream = this.#stream;
    if (!this.#isStatic) {
      stream.on('data', (chunk: unknown) => {
        if (chunk instanceof Uint8Array) this.#onData(chunk);
      });
    }
    // Keep this side open when the peer closes its own: NOTIFYs in flight are still answered.
    stream.allowHalfOpen = true;
    stream.on('end', () => this.#onEnd());
    stream.on('error', (error: unknown) => this.#onError(error));
    stream.on('close', () => this.#onClose());
    if (stream instanceof Socket) stream.setNoDelay(true);
    stream.resume();
  }

  #onData(chunk: Uint8Array): void {
    if (!this.#shared.turn.isReading) {
      this.#onRead(chunk.length, chunk);
      return;
    }
    // A handler wrote to the other end of a stream in memory, which delivers the chunk at once, within the batch.
    this.#stream.pause();
    this.#stream.unshift(chunk);
    process.nextTick(() => {
      if (!this.#backPressure.isPaused) this.#stream.resume();
    });
  }

  #onRead(length: number, chunk: Uint8Array): boolean {
    this.bytesRead += length;
    // Bytes after the last frame are read and dropped, so that the kernel does not answer them with a reset.
    if (this.session.isOver) return true;
    this.#intake.push(toBuffer(chunk), length);
    if (this.#backPressure.isPaused) return false;
    // After a full buffer Node reads the next one at once, up to 32 of them, while all other connections wait.
    if (this.#isStatic && length === chunk.length && this.#shared.turn.isOver()) this.#backPressure.cutShort();
    return !this.#backPressure.isPaused;
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false;
    if (this.#isClosed) return;
    this.session.leaveTaking.endWithAck();
    const isAnswered = this.session.inFlightCount === 0 && !this.#backPressure.isPaused;
    const isOver = this.session.isOver || (this.#hasEnded && isAnswered);
    this.output.flush(isOver);
    if (isOver && !this.#stream.writableEnded) this.#stream.end();
  };

  #fail(error: unknown): void {
    const { session } = this;
    // After the session's last frame, errors in what the peer still sends are ignored.
    if (session.isOver) return;
    const isPeers = error instanceof SpopError && error.status !== undefined;
    const known = isPeers
      ? error
      : new SpopError('SPOP_MISUSE', `expected no error of the agent's own; found ${String(error)}`, -1, {
          cause: error,
        });
    // A peer is told the reason of its own errors only.
    session.fail(known.status ?? Status.Unknown, isPeers ? known.reason : STATUS_MESSAGES[Status.Unknown]);
    this.#shared.hooks.emit('protocolError', { connection: session.describe(), error: known });
  }

  /** The peer closed its side: NOTIFYs in flight are still answered, for up to `lingerTimeoutMs`. */
  #onEnd(): void {
    this.#hasEnded = true;
    this.#flush();
    this.#linger();
  }

  /** Destroys the stream, since one that reported an error may go on, such as TLS after too many renegotiations. */
  #onError(thrown: unknown): void {
    this.destroy();
    // A stream can be destroyed with any value as its error.
    const error = thrown instanceof Error ? thrown : new Error(textOf(thrown), { cause: thrown });
    // Resets are how HAProxy ends health checks and, from 3.1 on, connections.
    const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    if (isReset) return;
    this.#shared.hooks.emit('transportError', { connection: this.session.describe(), error });
  }

  #onClose(): void {
    clearTimeout(this.#lingerTimer);
    const { session } = this;
    if (this.#isClosed) return;
    this.#isClosed = true;
    session.close();
    this.#intake.noteHeld();
    this.output.destroy();
    this.#backPressure.close();
    this.#onClosed(this);
    // A peer without a HELLO is reported only when it timed out: scanners and TCP checks come and go.
    if (session.isGreeted ? session.isHealthcheck : !this.#hasTimedOut) return;
    this.#shared.counters.countDisconnect(session.endStatus);
    this.#shared.hooks.emit('disconnect', {
      connection: session.describe(),
      status: session.endStatus,
      reason: session.endReason,
      bytesRead: this.bytesRead,
      bytesWritten: this.output.bytesWritten,
      frames: this.framesRead,
    });
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function remoteOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return undefined;
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
