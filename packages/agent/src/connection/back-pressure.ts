import type { AgentEvents, ConnectionInfo } from '../observe/events.ts';
import type { Waiter } from '../notify/in-flight.ts';

/** What back-pressure asks of all connections together. */
export interface Room {
  readonly inFlight: { awaitRoom(waiter: Waiter): void; stopWaiting(waiter: Waiter): void; resumeWaiting(): void };
  readonly hooks: { emit(name: 'overload', info: AgentEvents['overload']): void };
}

/** The connection whose reading is paused and resumed. */
export interface Paused {
  readonly stream: { readonly destroyed: boolean; pause(): unknown; resume(): unknown };
  readonly output: { readonly isBlocked: boolean };
  readonly session: {
    readonly isFull: boolean;
    readonly isOver: boolean;
    readonly isLeavingSoon: boolean;
    describe(): ConnectionInfo;
  };
  /** Reading was paused: keep what is unread of the chunk, whose bytes do not last. */
  keepUnread(): void;
  /** Reading goes on: hand on the frames that were kept, which may pause it again. */
  readKept(): void;
  /** All that had come before reading went on was read. */
  onCaughtUp(): void;
}

/**
 * Pauses reading one connection while its NOTIFYs in flight are too many, or those of all connections together, or the
 * peer does not read its ACKs; and resumes it when there is room.
 */
export class BackPressure implements Waiter {
  readonly #room: Room;
  readonly #paused: Paused;
  #isPaused: boolean = false;
  #isResuming: boolean = false;
  #wasHeldBack: boolean = false;

  constructor(room: Room, paused: Paused) {
    this.#room = room;
    this.#paused = paused;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether bytes may wait in the kernel since reading was paused. */
  get wasHeldBack(): boolean {
    return this.#wasHeldBack;
  }

  /** Whether reading is paused because too many NOTIFYs are in flight, not because the peer does not read. */
  get waitsForRoom(): boolean {
    return this.#isPaused && !this.#paused.output.isBlocked;
  }

  /** Pauses reading, unless the session is over: whatever comes then is dropped. */
  pause(): void {
    const { output, session, stream } = this.#paused;
    if (this.#isPaused || session.isOver) return;
    this.#isPaused = true;
    this.#wasHeldBack = true;
    this.#paused.keepUnread();
    stream.pause();
    this.#room.inFlight.awaitRoom(this);
    if (session.isLeavingSoon && !output.isBlocked) return;
    this.#room.hooks.emit('overload', {
      connection: session.describe(),
      reason: output.isBlocked ? 'the peer does not read its ACKs' : 'too many NOTIFYs are in flight',
    });
  }

  /** Reads on, if reading is paused and nothing holds it back any more; returns whether it does. */
  mayResume(): boolean {
    if (!this.#isPaused) return false;
    if (this.#isHeldBack) {
      this.#room.inFlight.awaitRoom(this);
      return false;
    }
    // Not from within a handler's settling: frames that wait are read in a turn of their own.
    if (!this.#isResuming) process.nextTick(this.#resume);
    this.#isResuming = true;
    return true;
  }

  /** The connection has closed: waits for room no longer. */
  close(): void {
    this.#room.inFlight.stopWaiting(this);
  }

  get #isHeldBack(): boolean {
    const { output, session } = this.#paused;
    return session.isFull || (output.isBlocked && !session.isOver);
  }

  readonly #resume = (): void => {
    const { stream } = this.#paused;
    this.#isResuming = false;
    if (this.#isHeldBack) {
      this.#room.inFlight.awaitRoom(this);
    } else if (!stream.destroyed) {
      this.#isPaused = false;
      this.#paused.readKept();
      if (!this.#isPaused) {
        stream.resume();
        // The next turn of the event loop reads what the kernel has; the one after that finds it read.
        setImmediate(() => setImmediate(this.#catchUp));
      }
    }
    this.#room.inFlight.resumeWaiting();
  };

  readonly #catchUp = (): void => {
    if (this.#isPaused) return;
    this.#wasHeldBack = false;
    this.#paused.onCaughtUp();
  };
}
