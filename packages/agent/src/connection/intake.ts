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

// Module-local copy: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `tiny through a socket`).
const FRAME_WORK = FRAME_WORK_;

/** The connection whose bytes are read. */
export interface Receiver {
  readonly session: Session;
  readonly output: Output;
  readonly patience: Patience;
  readonly backPressure: BackPressure;
  /** Writes the frames of the output. */
  readonly flush: () => void;
  /** A frame was malformed, or its processing failed. */
  readonly fail: (error: unknown) => void;
}

/**
 * Takes one connection's bytes and hands whole frames to its session, batch by batch, until the connection has used up its
 * turn. It counts the bytes that it holds of incomplete frames.
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
  /** When the frames that wait for their turn were read. */
  #cutReadAt: number | undefined;
  /** The number of held bytes that the agent was last told. */
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

  /** Takes the first `length` bytes of `chunk`, whose memory is reused after the call. */
  push(chunk: Buffer, length: number): void {
    const wasPartial = this.hasUnread || this.#session.fragmentedCount !== 0;
    this.#reader.push(chunk, 0, length);
    if (this.#backPressure.isPaused) this.#reader.detachChunk();
    else this.#readFrames(wasPartial);
    this.noteHeld();
  }

  /** Reading pauses: copies the unread bytes of the chunk. */
  keepUnread(): void {
    this.#reader.detachChunk();
    this.#patience.notePause(wholeMs());
  }

  /** Reads on after a pause, whose time does not count against the peer. */
  readKept(): void {
    const readAt = this.#cutReadAt;
    this.#cutReadAt = undefined;
    this.#patience.noteResume(wholeMs());
    this.#readFrames(true, readAt);
    this.noteHeld();
  }

  /** Reads the frames that were pushed, and pauses at a limit; `wasPartial` says that a frame had been begun before. */
  #readFrames(wasPartial: boolean, readAt?: number): void {
    const { framesRead } = this;
    const { counters, exchanges, turn } = this.#shared;
    const session = this.#session;
    const output = this.#output;
    const fragmented = session.fragmentedCount;
    // The ACKs of asynchronous handlers may have set it since the last batch.
    output.mustPause = false;
    turn.beginBatch(readAt);
    this.#patience.noteActivity(Math.trunc(turn.batchStartedAt));
    const isOver = this.#handOverFrames();
    turn.endBatch();
    exchanges.endBatch();
    // All fragments of one NOTIFY together have the time of one frame.
    const isNewPart = fragmented === 0 || fragmented !== session.fragmentedCount;
    if (!wasPartial || (isNewPart && this.framesRead > framesRead)) this.#patience.notePartial();
    if (session.isFull || output.mustPause) this.#backPressure.pause();
    else if (isOver && this.hasUnread) this.#cutShort();
    this.#flush();
    counters.recordBatch(turn.countBatch());
    if (output.isBlocked) this.#backPressure.pause();
  }

  /** Hands frames to the session until none is left, a limit is reached, or the turn is over; returns whether the turn is. */
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
   * Hands over frames until their work adds up to `stride`; returns whether there may be more. It calls only the functions
   * that each frame needs, so that V8 inlines them (benchmark `tiny through a socket`).
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
      // The ACKs of a batch of small NOTIFYs can take many times its size.
      if (!session.receive(frame) || output.mustPause) return false;
    }
    return true;
  }

  /** Lets other connections read before the rest of this batch. */
  #cutShort(): void {
    this.#cutReadAt = this.#shared.turn.batchReadAt;
    this.#backPressure.cutShort();
  }

  /** Tells the agent how many bytes incomplete frames hold, when that has changed. */
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
    const reason = `incomplete frames of all connections hold more than maxIncompleteBytes (${options.maxIncompleteBytes})`;
    this.#notedBytes = 0;
    hooks.emit('overload', { connection: this.#session.describe(), ...overload('maxIncompleteBytes', options) });
    this.#session.end(Status.ResourceAllocation, reason);
    this.noteHeld();
  }
}
