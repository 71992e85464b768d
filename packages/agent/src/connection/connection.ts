import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrameReader, SpopError, Status, STATUS_MESSAGES } from '@spop/codec';
import { BackPressure } from './back-pressure.ts';
import { wholeMs } from '../clock.ts';
import type { Holder } from '../incomplete-bytes.ts';
import { Output } from '../output.ts';
import { Patience } from './patience.ts';
import { Session } from '../session/session.ts';
import type { Shared } from '../shared.ts';
import { type ReadBuffer, readStatically } from './shared-read.ts';
import type { Transport } from '../session/transport.ts';
import { FRAME_WORK as FRAME_WORK_ } from '../turn.ts';
import { textOf } from '../observe/error-text.ts';
import { overload } from '../observe/overload.ts';

// Compiled in, unlike what is imported (benchmark `tiny through a socket`).
const FRAME_WORK = FRAME_WORK_;

/**
 * One connection's transport: bytes in, whole frames to the session, one write for all that the session answers to a
 * batch. It knows streams, buffers and time, and nothing of what the frames say.
 */
export class Connection implements Transport, Holder {
  declare readonly id: number;
  declare readonly remote: string | undefined;
  declare readonly output: Output;
  declare readonly session: Session;
  bytesRead: number = 0;
  framesRead: number = 0;
  readonly #shared: Shared;
  readonly #stream: Duplex;
  readonly #onClosed: (connection: Connection) => void;
  readonly #reader: FrameReader = new FrameReader();
  /** Whether bytes arrive in the buffer that all sockets share. */
  readonly #isStatic: boolean;
  readonly #backPressure: BackPressure;
  readonly #patience: Patience;
  #isFlushScheduled: boolean = false;
  #hasEnded: boolean = false;
  #isClosed: boolean = false;
  #hasTimedOut: boolean = false;
  /** When those frames were read that wait for their turn. */
  #cutReadAt: number | undefined;
  /** What the agent knows that this connection holds of frames that are not complete, in bytes. */
  #notedBytes: number = 0;
  #lingerTimer: NodeJS.Timeout | undefined;

  /**
   * @param readBuffer For a socket fresh from a server with `pauseOnConnect`: what it may read into.
   * @param onClosed Told once, when the stream has closed.
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
      keepUnread: () => {
        this.#reader.detachChunk();
        this.#patience.notePause(wholeMs());
      },
      readKept: () => this.#readKept(),
      onCaughtUp: this.#flush,
    });
    this.#listen();
  }

  setMaxFrameSize(bytes: number): void {
    this.#reader.maxFrameSize = bytes;
  }

  scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#patience.noteActivity(wholeMs());
    // After the promises that settle in this turn, so that their ACKs share a write; where it may be the last write, after
    // what has come meanwhile was read, too.
    if (this.session.isLeavingSoon) setImmediate(this.#flush);
    else process.nextTick(this.#flush);
  }

  leave(): void {
    this.scheduleFlush();
    // In a batch the reader still has the frame that asked for this.
    if (!this.#shared.turn.isReading) this.#noteIncomplete();
    this.#linger();
    // The peer's end comes after what was held back.
    this.mayResume();
  }

  /** Closes in a while, whatever the peer or a handler does. */
  #linger(): void {
    this.#lingerTimer ??= setTimeout(() => this.destroy(), this.#shared.options.lingerTimeoutMs);
  }

  get hasUnread(): boolean {
    return this.#reader.pendingBytes > 0;
  }

  get incompleteSince(): number {
    return this.#patience.partialAt;
  }

  giveBackEmpty(): void {
    if (this.hasUnread) return;
    this.#reader.clear();
    this.#noteIncomplete();
  }

  endForRoom(): void {
    const { maxIncompleteBytes } = this.#shared.options;
    const reason = `what is incomplete of all connections is above maxIncompleteBytes (${maxIncompleteBytes})`;
    this.#notedBytes = 0;
    const reached = overload('maxIncompleteBytes', this.#shared.options);
    this.#shared.hooks.emit('overload', { connection: this.session.describe(), ...reached });
    this.session.end(Status.ResourceAllocation, reason);
    this.#noteIncomplete();
  }

  /** Tells the agent how much memory frames that are not complete take, where that has changed. */
  #noteIncomplete(): void {
    if (this.session.isOver) this.#reader.clear();
    const bytes = this.#reader.heldBytes + this.session.fragmentBytes;
    if (bytes === this.#notedBytes) return;
    this.#notedBytes = bytes;
    this.#shared.incomplete.note(this, bytes);
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
    // 'close' comes in the next turns, but from streams that never emit it.
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => this.#onClose(), this.#shared.options.lingerTimeoutMs);
  }

  /** Closes at once, since there is no more time for what is in flight; what was answered is still written. */
  giveUp(reason: string): void {
    this.session.giveUp(reason);
    this.output.flush(true);
    this.destroy();
  }

  /** Ends the connection where a timer ran out; called at each tick of the agent's clock. */
  checkTimers(now: number): void {
    const { session } = this;
    this.output.reclaim();
    if (session.isOver) return;
    if (this.#patience.hasStalled(this.output, now)) {
      this.#timeOut(`the peer took no byte of its ACKs within ${this.#shared.options.writeTimeoutMs} ms`);
      // Nor would it take the AGENT-DISCONNECT.
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
    // What is in flight when the peer closes its side is still answered: Node must not close the other one by itself.
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
    // A handler wrote to the other end of a stream in memory, this one's or another connection's, which hands it over at once.
    this.#stream.pause();
    this.#stream.unshift(chunk);
    process.nextTick(() => {
      if (!this.#backPressure.isPaused) this.#stream.resume();
    });
  }

  #onRead(length: number, chunk: Uint8Array): boolean {
    this.bytesRead += length;
    // After the last frame whatever comes is read and dropped, so that the kernel does not answer it with a reset.
    if (this.session.isOver) return true;
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const wasPartial = this.#reader.pendingBytes > 0 || this.session.fragmentedCount !== 0;
    this.#reader.push(buffer, 0, length);
    if (this.#backPressure.isPaused) {
      this.#reader.detachChunk();
      this.#noteIncomplete();
      return false;
    }
    this.#readFrames(wasPartial);
    this.#noteIncomplete();
    // Where a buffer is full Node reads the next one at once, up to 32 of them, while all other connections wait.
    if (this.#isStatic && length === chunk.length && this.#shared.turn.isOver()) this.#backPressure.cutShort();
    return !this.#backPressure.isPaused;
  }

  /** Works on what was pushed, and pauses where that is too much; `wasPartial` where a frame had been begun before. */
  #readFrames(wasPartial: boolean, readAt?: number): void {
    const { session, output, framesRead } = this;
    const { counters, exchanges, turn } = this.#shared;
    const fragmented = session.fragmentedCount;
    // ACKs of asynchronous handlers may have set it since the last batch.
    output.mustPause = false;
    turn.beginBatch(readAt);
    this.#patience.noteActivity(Math.trunc(turn.batchStartedAt));
    const isOver = this.#handOverFrames();
    turn.endBatch();
    exchanges.endBatch();
    // The fragments of one NOTIFY have as long as a frame, all together.
    const isNewPart = fragmented === 0 || fragmented !== session.fragmentedCount;
    if (!wasPartial || (isNewPart && this.framesRead > framesRead)) this.#patience.notePartial();
    if (session.isFull || output.mustPause) this.#backPressure.pause();
    else if (isOver && this.hasUnread) this.#cutShort();
    this.#flush();
    counters.recordBatch(turn.countBatch());
    if (output.isBlocked) this.#backPressure.pause();
  }

  /** Hands frames to the session until there are no more, too much is under way, or others have to be read: whether they have. */
  #handOverFrames(): boolean {
    const { turn } = this.#shared;
    try {
      if (!this.session.beginBatch()) return false;
      while (this.#handOverSome(turn.stride)) if (turn.isOver()) return true;
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  /**
   * Hands over frames whose work makes `stride`: returns whether there may be more. It calls nothing but what each frame
   * needs, so that V8 inlines that (benchmark `tiny through a socket`).
   */
  #handOverSome(stride: number): boolean {
    const { session, output } = this;
    const reader = this.#reader;
    let work = 0;
    while (work < stride) {
      const frame = reader.next();
      if (frame === undefined) return false;
      this.framesRead++;
      work += frame.end - frame.start + FRAME_WORK;
      // A batch of small NOTIFYs can be answered with many times its size.
      if (!session.receive(frame) || output.mustPause) return false;
    }
    return true;
  }

  /** Reads on after it was held back; that time is not the peer's. */
  #readKept(): void {
    const readAt = this.#cutReadAt;
    this.#cutReadAt = undefined;
    this.#patience.noteResume(wholeMs());
    this.#readFrames(true, readAt);
    this.#noteIncomplete();
  }

  /** Others are read before what is left of this batch. */
  #cutShort(): void {
    this.#cutReadAt = this.#shared.turn.batchReadAt;
    this.#backPressure.cutShort();
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
    // What comes after the last frame is ignored.
    if (session.isOver) return;
    const isPeers = error instanceof SpopError && error.status !== undefined;
    const known = isPeers
      ? error
      : new SpopError('SPOP_MISUSE', `an error that is not the peer's: ${String(error)}`, -1, { cause: error });
    // What is not the peer's fault is not told to it.
    session.fail(known.status ?? Status.Unknown, isPeers ? known.reason : STATUS_MESSAGES[Status.Unknown]);
    this.#shared.hooks.emit('protocolError', { connection: session.describe(), error: known });
  }

  /** The peer closed its side: what is in flight is still answered, for a bounded time. */
  #onEnd(): void {
    this.#hasEnded = true;
    this.#flush();
    this.#linger();
  }

  /** A stream that reports an error may go on, such as one of TLS after too many renegotiations: it is not let. */
  #onError(thrown: unknown): void {
    this.destroy();
    // Streams can be destroyed with anything.
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
    this.#noteIncomplete();
    this.output.destroy();
    this.#backPressure.close();
    this.#onClosed(this);
    // Who never said HELLO is told of where the agent lost patience: scanners and TCP checks come and go.
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

function remoteOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return undefined;
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
