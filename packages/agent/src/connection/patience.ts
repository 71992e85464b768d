/** How long a connection may take, in ms; 0 is no limit. See the agent's options of the same names. */
export interface Timeouts {
  readonly helloTimeoutMs: number;
  readonly partialFrameTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

/** What a connection is waiting for. */
export interface Waiting {
  /** Whether the handshake is still to come. */
  readonly isNew: boolean;
  /** Whether a frame or a fragmented NOTIFY was begun, and reading is not paused. */
  readonly isPartial: boolean;
  /** Whether nothing is in flight, and reading is not paused for lack of room. */
  readonly isIdle: boolean;
}

/** Bytes that were written and wait for the peer to take them. */
export interface Unsent {
  /** Whether any bytes wait. */
  readonly isWaiting: boolean;
  /** A number that changes when the peer takes bytes, as far as Node shows it. */
  readonly progress: number;
}

/** Whether one connection has taken too long. Times are ms of the agent's clock. */
export class Patience {
  readonly #timeouts: Timeouts;
  readonly #openedAt: number;
  /** When bytes last came, or frames were last written. */
  #activeAt: number;
  /** When the incomplete frame was begun, plus the time for which reading was paused since. */
  #partialAt: number;
  #pausedAt: number = 0;
  /** When the peer last took a byte, or the first byte began to wait; undefined while no byte waits. */
  #takenAt: number | undefined;
  #progress: number = 0;

  constructor(timeouts: Timeouts, now: number) {
    this.#timeouts = timeouts;
    this.#openedAt = now;
    this.#activeAt = now;
    this.#partialAt = now;
  }

  /** When the incomplete frame was begun, plus the time for which reading was paused since. */
  get partialAt(): number {
    return this.#partialAt;
  }

  /** Bytes came, or frames were written. */
  noteActivity(now: number): void {
    this.#activeAt = now;
  }

  /** Reading pauses. */
  notePause(now: number): void {
    this.#pausedAt = now;
  }

  /** Reading goes on: the pause counts neither as silence nor as slowness of the peer. */
  noteResume(now: number): void {
    this.#activeAt = now;
    this.#partialAt += now - this.#pausedAt;
  }

  /** The bytes that came last begin a frame: its time starts with them. */
  notePartial(): void {
    this.#partialAt = this.#activeAt;
  }

  /** Whether the peer has taken no waiting byte for `writeTimeoutMs`; call it at every tick. */
  hasStalled({ isWaiting, progress }: Unsent, now: number): boolean {
    if (!isWaiting) {
      this.#takenAt = undefined;
      return false;
    }
    if (this.#takenAt === undefined || progress !== this.#progress) {
      this.#takenAt = now;
      this.#progress = progress;
    }
    return hasPassed(this.#takenAt, this.#timeouts.writeTimeoutMs, now);
  }

  /** The reason to end the connection; undefined while it may go on. */
  reasonToEnd({ isNew, isPartial, isIdle }: Waiting, now: number): string | undefined {
    const { helloTimeoutMs, idleTimeoutMs, partialFrameTimeoutMs } = this.#timeouts;
    if (isNew && hasPassed(this.#openedAt, helloTimeoutMs, now)) return `no HAPROXY-HELLO within ${helloTimeoutMs} ms`;
    if (isPartial && hasPassed(this.#partialAt, partialFrameTimeoutMs, now)) {
      return `a frame was not complete within ${partialFrameTimeoutMs} ms`;
    }
    if (isIdle && hasPassed(this.#activeAt, idleTimeoutMs, now)) return `nothing came within ${idleTimeoutMs} ms`;
    return undefined;
  }
}

function hasPassed(since: number, timeoutMs: number, now: number): boolean {
  return timeoutMs > 0 && now - since >= timeoutMs;
}
