/** How long a connection may take; see the agent's options of the same names. 0 for as long as it likes. */
export interface Timeouts {
  readonly helloTimeoutMs: number;
  readonly partialFrameTimeoutMs: number;
  readonly idleTimeoutMs: number;
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

/** Whether one connection has taken too long. Times are ms of the agent's clock. */
export class Patience {
  readonly #timeouts: Timeouts;
  readonly #openedAt: number;
  /** When bytes came last, or frames were put out. */
  #activeAt: number;
  /** When what is partial was begun. */
  #partialAt: number;

  constructor(timeouts: Timeouts, now: number) {
    this.#timeouts = timeouts;
    this.#openedAt = now;
    this.#activeAt = now;
    this.#partialAt = now;
  }

  /** Bytes came, or frames were put out. */
  noteActivity(now: number): void {
    this.#activeAt = now;
  }

  /** The bytes that came last begin a frame: its time runs from then on. */
  notePartial(): void {
    this.#partialAt = this.#activeAt;
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
