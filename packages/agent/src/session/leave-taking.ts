import type { ConnectionState } from './state.ts';

/** The session whose end is decided. */
export interface Leaver {
  readonly state: ConnectionState;
  /** Whether HAProxy may send a NOTIFY before the last one is acknowledged. */
  readonly isPipelined: boolean;
  /** Whether a NOTIFY waits for its handlers. */
  readonly isBusy: boolean;
  /** Whether a frame, or a fragmented NOTIFY, was begun and not ended. */
  readonly isAmidFrame: boolean;
  /** Whether unread bytes may wait in the kernel because reading was paused. */
  readonly wasHeldBack: boolean;
  /** Bytes read since the connection was opened. */
  readonly bytesRead: number;
  /** Ends the session with an AGENT-DISCONNECT of status 0. */
  endNormally(): void;
}

/**
 * Decides when a draining session ends; drain.ts gives the reasons. Only a session in the state `draining`, or one without a
 * handshake, which is idle, is ended here.
 */
export class LeaveTaking {
  readonly #leaver: Leaver;
  #hasAnswered: boolean = false;
  #isHurried: boolean = false;
  #isStopped: boolean = false;
  /** The value of `bytesRead` at the last gap. */
  #gapAt: number = -1;

  constructor(leaver: Leaver) {
    this.#leaver = leaver;
  }

  /** Whether no further NOTIFY is taken. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether the session is draining and has nothing in flight, or has had no handshake. */
  get isIdle(): boolean {
    const { state } = this.#leaver;
    return state === 'awaiting-hello' || (state === 'draining' && this.#isQuiet);
  }

  /** A NOTIFY was answered while the session drains: it may end with that ACK. */
  noteAnswer(): void {
    this.#hasAnswered = true;
  }

  /** No byte came since the last look: the session may end with an ACK, if no byte comes before it. */
  noteGap(): void {
    this.#gapAt = this.#leaver.bytesRead;
  }

  /** Lets the session end with any ACK after which nothing is in flight, pipelined or not. */
  hurry(): void {
    this.#isHurried = true;
  }

  /** Takes no further NOTIFY, so that the session ends with the ACK of the last one taken. */
  stopReading(): void {
    this.#isStopped = true;
  }

  /** Ends the session with the ACK that is about to be written, if it may end now. */
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

  /** Whether an unread NOTIFY may wait in the kernel, because reading was paused. */
  get #mayHaveMore(): boolean {
    return this.#leaver.state === 'draining' && !this.#isStopped && this.#leaver.wasHeldBack;
  }

  get #isQuiet(): boolean {
    return !this.#leaver.isBusy && (this.#isStopped || !this.#leaver.isAmidFrame);
  }
}
