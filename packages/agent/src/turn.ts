/** How long connections that always have more to be read are read on in a turn of the event loop. */
const MAX_TURN_MS = 5;

/**
 * The batch of frames that the agent works on, and how long the turn of the event loop has read already. One for all
 * connections, which hand over their frames one after the other.
 */
export class Turn {
  /**
   * True while a connection is reading frames. No other may start: limits are checked once per batch, and exchanges take
   * turns, so that frames read from within a handler would exceed the limits and use up the other exchanges.
   */
  isReading: boolean = false;
  /** A double that would be boxed as a field. */
  readonly #batchStartedAt: Float64Array = new Float64Array(1);
  /** When the first full buffer of this turn was read, as `batchStartedAt`. */
  #startedAt: number | undefined;

  /** When the batch that is being worked on was read, on the clock of performance.now(), in ms. */
  get batchStartedAt(): number {
    return this.#batchStartedAt[0]!;
  }

  /** What was read at once is about to be worked on. */
  beginBatch(): void {
    this.isReading = true;
    this.#batchStartedAt[0] = performance.now();
  }

  /** The frames of the batch were handed over. */
  endBatch(): void {
    this.isReading = false;
  }

  /**
   * Whether reading has gone on for 5 ms in this turn of the event loop; asked where a connection has more to be read.
   * Not at once: what waits in the kernel leaves the processor's cache (benchmark `load`, 4 connections).
   */
  isOver(): boolean {
    const now = this.batchStartedAt;
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      setImmediate(() => (this.#startedAt = undefined));
    }
    return now - this.#startedAt >= MAX_TURN_MS;
  }
}
