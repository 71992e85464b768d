import type { AgentEvents, ConnectionInfo } from '../observe/events.ts';
import { overload, type OverloadLimit, type OverloadOptions } from '../observe/overload.ts';
import type { Waiter } from '../notify/in-flight.ts';
import type { Cut } from '../turn.ts';

/** What back-pressure asks of all connections together. */
export interface Room {
  readonly inFlight: { awaitRoom(waiter: Waiter): void; stopWaiting(waiter: Waiter): void; resumeWaiting(): void };
  readonly hooks: { emit(name: 'overload', info: AgentEvents['overload']): void };
  readonly turn: { isUsedUp(): boolean; wait(cut: Cut): void; stopWaiting(cut: Cut): void };
  readonly options: OverloadOptions;
}

/** The connection whose reading is paused and resumed. */
export interface Paused {
  readonly stream: { readonly destroyed: boolean; pause(): unknown; resume(): unknown };
  readonly output: { readonly isBlocked: boolean };
  readonly session: {
    readonly isFull: boolean;
    /** The limit that makes it full. */
    readonly reachedLimit: OverloadLimit | undefined;
    readonly isOver: boolean;
    readonly isLeavingSoon: boolean;
    describe(): ConnectionInfo;
  };
  /** Reading was paused: copy the unread bytes of the chunk, whose memory is reused. */
  keepUnread(): void;
  /** Reading goes on: read the frames that were kept, which may pause it again. */
  readKept(): void;
  /** The bytes that came during the pause were read. */
  onCaughtUp(): void;
}

/**
 * Pauses reading one connection while too many NOTIFYs are in flight, on it or on all connections together, or while the
 * peer does not read its ACKs. It resumes when there is room. A connection that has used up its share of time is cut short:
 * it pauses too, and goes on when its turn comes.
 */
export class BackPressure implements Waiter, Cut {
  readonly #room: Room;
  readonly #paused: Paused;
  #isPaused: boolean = false;
  #isResuming: boolean = false;
  #isCut: boolean = false;
  #wasHeldBack: boolean = false;
  /** How often reading went on after it was paused. */
  #resumed: number = 0;

  constructor(room: Room, paused: Paused) {
    this.#room = room;
    this.#paused = paused;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether bytes may wait in the kernel because reading was paused. */
  get wasHeldBack(): boolean {
    return this.#wasHeldBack;
  }

  /** Whether reading is paused for the turn of other connections or for too many NOTIFYs in flight; false if the peer does not read. */
  get waitsForRoom(): boolean {
    return this.#isPaused && !this.#paused.output.isBlocked;
  }

  /** Pauses reading, unless the session is over: then all that comes is read and dropped. */
  pause(): void {
    if (this.#isPaused || this.#paused.session.isOver) return;
    this.#stop();
    this.#hold();
  }

  /** Pauses reading until all waiting connections have had their turn, unless it is paused already or the session is over. */
  cutShort(): void {
    if (this.#isPaused || this.#paused.session.isOver) return;
    this.#stop();
    this.#awaitTurn();
  }

  /** Reads on after it was cut short, unless something else holds it back by now. */
  takeTurn(): void {
    this.#isCut = false;
    if (!this.#isPaused) return;
    if (this.#isHeldBack) this.#hold();
    else this.#resume();
  }

  #stop(): void {
    this.#isPaused = true;
    this.#wasHeldBack = true;
    this.#paused.keepUnread();
    this.#paused.stream.pause();
  }

  #awaitTurn(): void {
    this.#isCut = true;
    this.#room.turn.wait(this);
  }

  /** Waits for room, and reports the limit. */
  #hold(): void {
    const { output, session } = this.#paused;
    this.#room.inFlight.awaitRoom(this);
    if (session.isLeavingSoon && !output.isBlocked) return;
    const { hooks, options } = this.#room;
    const limit = output.isBlocked ? 'output' : (session.reachedLimit ?? 'output');
    hooks.emit('overload', { connection: session.describe(), ...overload(limit, options) });
  }

  /** Reads on if reading is paused and nothing holds it back any more; returns whether it does. */
  mayResume(): boolean {
    if (!this.#isPaused || (this.#isCut && !this.#paused.session.isOver)) return false;
    if (this.#isHeldBack) {
      this.#room.inFlight.awaitRoom(this);
      return false;
    }
    // This runs while a handler settles. Frames that wait are read in a turn of their own.
    if (!this.#isResuming) process.nextTick(this.#resumeInTime);
    this.#isResuming = true;
    return true;
  }

  /** The connection has closed: stops waiting. */
  close(): void {
    this.#room.inFlight.stopWaiting(this);
    this.#room.turn.stopWaiting(this);
  }

  get #isHeldBack(): boolean {
    const { output, session } = this.#paused;
    return session.isFull || (output.isBlocked && !session.isOver);
  }

  /** Handlers that settle at once make room again and again: other connections get their turn in between. */
  readonly #resumeInTime = (): void => {
    this.#isResuming = false;
    if (this.#isPaused && !this.#isHeldBack && !this.#paused.session.isOver && this.#room.turn.isUsedUp()) {
      this.#awaitTurn();
      this.#room.inFlight.resumeWaiting();
    } else this.#resume();
  };

  #resume(): void {
    const { stream } = this.#paused;
    if (this.#isHeldBack) {
      this.#room.inFlight.awaitRoom(this);
    } else if (!stream.destroyed) {
      this.#isPaused = false;
      this.#paused.readKept();
      if (!this.#isPaused) {
        stream.resume();
        // The next turn of the event loop reads what the kernel has; the one after that finds it read.
        const resumed = ++this.#resumed;
        setImmediate(() => setImmediate(() => this.#catchUp(resumed)));
      }
    }
    this.#room.inFlight.resumeWaiting();
  }

  #catchUp(resumed: number): void {
    if (this.#isPaused || resumed !== this.#resumed) return;
    this.#wasHeldBack = false;
    this.#paused.onCaughtUp();
  }
}
