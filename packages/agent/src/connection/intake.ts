import { FrameReader, Status } from '@spop/codec';
import { wholeMs } from '../clock.ts';
import type { Holder } from '../incomplete-bytes.ts';
import { overload } from '../observe/overload.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session/session.ts';
import type { Shared } from '../shared.ts';
import { FRAME_WORK as FRAME_WORK_ } from '../turn.ts';
import type { BackPressure } from './back-pressure.ts';
import type { Patience } from './patience.ts';

// Compiled in, unlike what is imported (benchmark `tiny through a socket`).
const FRAME_WORK = FRAME_WORK_;

/** The connection whose bytes are taken in. */
export interface Receiver {
  readonly session: Session;
  readonly output: Output;
  readonly patience: Patience;
  readonly backPressure: BackPressure;
  /** Writes what was answered. */
  readonly flush: () => void;
  /** A frame, or what was done with it, failed. */
  readonly fail: (error: unknown) => void;
}

/**
 * Takes in one connection's bytes and hands whole frames to its session, batch by batch, each until it has had its turn;
 * and counts what it holds of frames that are not complete.
 */
export class Intake implements Holder {
  framesRead: number = 0;
  readonly #reader: FrameReader = new FrameReader();
  readonly #shared: Shared;
  readonly #session: Session;
  readonly #output: Output;
  readonly #patience: Patience;
  readonly #backPressure: BackPressure;
  readonly #flush: () => void;
  readonly #fail: (error: unknown) => void;
  /** When those frames were read that wait for their turn. */
  #cutReadAt: number | undefined;
  /** What the agent knows that is held, in bytes. */
  #notedBytes: number = 0;

  constructor(shared: Shared, { session, output, patience, backPressure, flush, fail }: Receiver) {
    this.#shared = shared;
    this.#session = session;
    this.#output = output;
    this.#patience = patience;
    this.#backPressure = backPressure;
    this.#flush = flush;
    this.#fail = fail;
  }

  set maxFrameSize(bytes: number) {
    this.#reader.maxFrameSize = bytes;
  }

  get hasUnread(): boolean {
    return this.#reader.pendingBytes > 0;
  }

  /** Takes `length` bytes that came, whose memory is used again afterwards. */
  push(chunk: Buffer, length: number): void {
    const wasPartial = this.hasUnread || this.#session.fragmentedCount !== 0;
    this.#reader.push(chunk, 0, length);
    if (this.#backPressure.isPaused) this.#reader.detachChunk();
    else this.#readFrames(wasPartial);
    this.noteHeld();
  }

  /** Nothing is read for a while: keeps what is unread of the chunk. */
  keepUnread(): void {
    this.#reader.detachChunk();
    this.#patience.notePause(wholeMs());
  }

  /** Reads on after it was held back; that time is not the peer's. */
  readKept(): void {
    const readAt = this.#cutReadAt;
    this.#cutReadAt = undefined;
    this.#patience.noteResume(wholeMs());
    this.#readFrames(true, readAt);
    this.noteHeld();
  }

  /** Works on what was pushed, and pauses where that is too much; `wasPartial` where a frame had been begun before. */
  #readFrames(wasPartial: boolean, readAt?: number): void {
    const { framesRead } = this;
    const { counters, exchanges, turn } = this.#shared;
    const session = this.#session;
    const output = this.#output;
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
      if (!this.#session.beginBatch()) return false;
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
    const session = this.#session;
    const output = this.#output;
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

  /** Others are read before what is left of this batch. */
  #cutShort(): void {
    this.#cutReadAt = this.#shared.turn.batchReadAt;
    this.#backPressure.cutShort();
  }

  /** Tells the agent how much memory frames that are not complete take, where that has changed. */
  noteHeld(): void {
    if (this.#session.isOver) this.#reader.clear();
    const bytes = this.#reader.heldBytes + this.#session.fragmentBytes;
    if (bytes === this.#notedBytes) return;
    this.#notedBytes = bytes;
    this.#shared.incomplete.note(this, bytes);
  }

  get incompleteSince(): number {
    return this.#patience.partialAt;
  }

  giveBackEmpty(): void {
    if (this.hasUnread) return;
    this.#reader.clear();
    this.noteHeld();
  }

  endForRoom(): void {
    const { hooks, options } = this.#shared;
    const reason = `what is incomplete of all connections is above maxIncompleteBytes (${options.maxIncompleteBytes})`;
    this.#notedBytes = 0;
    hooks.emit('overload', { connection: this.#session.describe(), ...overload('maxIncompleteBytes', options) });
    this.#session.end(Status.ResourceAllocation, reason);
    this.noteHeld();
  }
}
