import type { ConnectionState } from './state.ts';

/** What a session says of itself to whoever decides when it ends. */
export interface Leaver {
  readonly state: ConnectionState;
  /** Whether HAProxy may send a NOTIFY before the last one is acknowledged. */
  readonly isPipelined: boolean;
  /** Whether a NOTIFY is with its handlers. */
  readonly isBusy: boolean;
  /** Whether a frame, or a fragmented NOTIFY, was begun and not ended. */
  readonly isAmidFrame: boolean;
  /** Whether bytes may have come that were not read, since reading was paused. */
  readonly wasHeldBack: boolean;
  /** Bytes that have come since the beginning. */
  readonly bytesRead: number;
  /** Ends the session with an AGENT-DISCONNECT of status 0. */
  endNormally(): void;
}

/**
 * When a session that is draining ends; drain.ts says why then. Until its state is `draining` nothing here ends it, but
 * that a connection without a handshake is idle.
 */
export class LeaveTaking {
  readonly #leaver: Leaver;
  #hasAnswered: boolean = false;
  #isHurried: boolean = false;
  #isStopped: boolean = false;
  /** How many bytes had come at the last gap. */
  #gapAt: number = -1;

  constructor(leaver: Leaver) {
    this.#leaver = leaver;
  }

  /** Whether no further NOTIFY is taken. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether the session that is draining, or has not begun, has nothing in flight. */
  get isIdle(): boolean {
    const { state } = this.#leaver;
    return state === 'awaiting-hello' || (state === 'draining' && this.#isQuiet);
  }

  /** A NOTIFY was answered since the session is draining: it may end with an ACK. */
  noteAnswer(): void {
    this.#hasAnswered = true;
  }

  /** Nothing has come for a moment: the session may end with an ACK before which nothing comes either. */
  noteGap(): void {
    this.#gapAt = this.#leaver.bytesRead;
  }

  /** Lets the session end with any ACK after which nothing is in flight, pipelined or not. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Takes no further NOTIFY, so that the session ends with the ACK of the last that it took. */
  stopReading(): void {
    this.#isStopped = true;
  }

  /** Ends the session with the ACK that is about to be written, where that is the moment for it. */
  endWithAck(): void {
    const leaver = this.#leaver;
    if (leaver.state !== 'draining' || !this.#hasAnswered || !this.#isQuiet) return;
    if (leaver.isPipelined && this.#mayHaveMore) return;
    const isGap = this.#gapAt === leaver.bytesRead;
    if (!leaver.isPipelined || this.#isHurried || isGap) leaver.endNormally();
  }

  /** Ends the session if it is idle. */
  endIfIdle(): void {
    if (this.isIdle && !this.#mayHaveMore) this.#leaver.endNormally();
  }

  /** Whether a NOTIFY may have come that was not read: what HAProxy sent to a connection that is held back is no silence. */
  get #mayHaveMore(): boolean {
    return this.#leaver.state === 'draining' && !this.#isStopped && this.#leaver.wasHeldBack;
  }

  get #isQuiet(): boolean {
    return !this.#leaver.isBusy && (this.#isStopped || !this.#leaver.isAmidFrame);
  }
}
