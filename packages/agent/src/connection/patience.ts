/** How long a connection may take; see the agent's options of the same names. 0 for as long as it likes. */
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
  /** Whether a frame, or a fragmented NOTIFY, was begun whose rest would be read. */
  readonly isPartial: boolean;
  /** Whether nothing is in flight, nor held back for what others have in flight. */
  readonly isIdle: boolean;
}

/** What was written and waits for the peer to take it. */
export interface Unsent {
  /** Whether any bytes do. */
  readonly isWaiting: boolean;
  /** A number that changes with each byte that the peer takes, as far as that can be seen. */
  readonly progress: number;
}

/** Whether one connection has taken too long. Times are ms of the agent's clock. */
export class Patience {
  readonly #timeouts: Timeouts;
  readonly #openedAt: number;
  /** When bytes came last, or frames were put out. */
  #activeAt: number;
  /** When what is partial was begun. */
  #partialAt: number;
  #pausedAt: number = 0;
  /** When the peer took a byte last, or the first one began to wait; undefined while none does. */
  #takenAt: number | undefined;
  #progress: number = 0;

  constructor(timeouts: Timeouts, now: number) {
    this.#timeouts = timeouts;
    this.#openedAt = now;
    this.#activeAt = now;
    this.#partialAt = now;
  }

  /** When what is partial was begun, the time apart in which it was not read. */
  get partialAt(): number {
    return this.#partialAt;
  }

  /** Bytes came, or frames were put out. */
  noteActivity(now: number): void {
    this.#activeAt = now;
  }

  /** Nothing is read from now on. */
  notePause(now: number): void {
    this.#pausedAt = now;
  }

  /** Reading goes on: what was not read until now was no silence of the peer's, nor slowness. */
  noteResume(now: number): void {
    this.#activeAt = now;
    this.#partialAt += now - this.#pausedAt;
  }

  /** The bytes that came last begin a frame: its time runs from then on. */
  notePartial(): void {
    this.#partialAt = this.#activeAt;
  }

  /** Whether the peer has taken no byte of what waits for it for `writeTimeoutMs`; to be asked at every tick. */
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

  /** Why to end the connection; undefined while it may go on. Each timeout counts also where those before it are off. */
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
