/** How long all connections together are read in one round of the event loop, in ms. */
const WINDOW_MS = 4;
/** What the connections that were cut short get in a round at least, in ms, however long other reads took. */
const LEAST_TURNS_MS = 1;
/** A window begins once batches have taken 2 ms together: an immediate for each batch would cost time. */
const SHORT_MS = 2;
/** The work of a frame besides its bytes, in bytes; see {@link Turn.stride}. */
export const FRAME_WORK = 230;
/** The first stride: 16 tiny NOTIFYs, or about 4 KiB of large ones. */
const STRIDE = 4_096;
/** The longest stride, for frames that take little time: reading the clock takes time too (benchmark `tiny through a socket`). */
const MAX_STRIDE = 131_072;
/** A stride that took less than this is doubled. */
const QUICK_MS = 0.1;
/** The first stride while other connections wait for their turn. */
const CROWDED_STRIDE = 1_024;

/** Indices of the times in `#times`. */
const READ_AT = 0;
const STARTED_AT = 1;
const CLOSES_AT = 2;
/** The time that batches took since the last window. */
const SPENT = 3;
const LOOKED_AT = 4;

/** A connection that was cut short, and reads on in a later turn. */
export interface Cut {
  /** Its turn has come: it reads on until its share is used up. */
  takeTurn(): void;
}

/**
 * Decides which connection may read, and for how long. An agent has one. Its connections hand over their frames one after the
 * other, for 4 ms together in a round of the event loop: first those that the loop finds readable, then, in their order, those
 * that were cut short. A connection that becomes readable during a round is read in the next one.
 */
export class Turn {
  /**
   * True while a connection is reading frames. No other may start: limits are checked once per batch, and exchanges take
   * turns, so that frames read from within a handler would exceed the limits and use up the other exchanges.
   */
  isReading: boolean = false;
  /** How many bytes to read before {@link Turn.isOver} is called again; each frame counts `FRAME_WORK` more. */
  stride: number = STRIDE;
  /** Times in ms; V8 would box doubles that stand in fields. */
  readonly #times: Float64Array = new Float64Array(5);
  #isOpen: boolean = false;
  readonly #cut: Set<Cut> = new Set();

  /** When the present batch was read, in ms on the clock of performance.now(). */
  get batchReadAt(): number {
    return this.#times[READ_AT]!;
  }

  /** When work on the batch began: later than `batchReadAt` if the batch had to wait. */
  get batchStartedAt(): number {
    return this.#times[STARTED_AT]!;
  }

  /** Begins a batch that was read now, or at `readAt`. */
  beginBatch(readAt?: number): void {
    this.isReading = true;
    const now = performance.now();
    this.#times[READ_AT] = readAt ?? now;
    this.#times[STARTED_AT] = now;
    this.#times[LOOKED_AT] = now;
    if (this.#cut.size > 0) this.stride = CROWDED_STRIDE;
  }

  /** The frames of the batch were handed over. */
  endBatch(): void {
    this.isReading = false;
  }

  /** The ACKs of the batch were written; returns the time since it was read, in ms. */
  countBatch(): number {
    const times = this.#times;
    const now = performance.now();
    if (!this.#isOpen) {
      times[SPENT]! += now - times[STARTED_AT]!;
      if (times[SPENT]! >= SHORT_MS) this.#open(now - times[SPENT]!);
    }
    return now - times[READ_AT]!;
  }

  /** Whether the batch has used up its share of the window, which is smaller while other connections wait. */
  isOver(): boolean {
    const now = performance.now();
    const elapsed = now - this.#times[STARTED_AT]!;
    // The next stride may take as long: one of large frames takes a part of the window that counts.
    const strideMs = now - this.#times[LOOKED_AT]!;
    this.#times[LOOKED_AT] = now;
    if (strideMs >= QUICK_MS) this.stride = this.#cut.size === 0 ? STRIDE : CROWDED_STRIDE;
    else if (this.stride < MAX_STRIDE) this.stride *= 2;
    if (!this.#isOpen) {
      const spent = this.#times[SPENT]! + elapsed;
      if (spent < SHORT_MS) return false;
      this.#open(now - spent);
    }
    return elapsed + strideMs >= WINDOW_MS / (this.#cut.size + 1) || this.#isUsedUpAt(now + strideMs);
  }

  /** Whether the window is used up; for a connection that would read on after a pause. */
  isUsedUp(): boolean {
    const now = performance.now();
    if (!this.#isOpen) this.#open(now);
    return this.#isUsedUpAt(now);
  }

  /** Gives `cut` a turn after the next read of the event loop, and after all that wait. */
  wait(cut: Cut): void {
    this.#cut.add(cut);
    if (!this.#isOpen) this.#open(performance.now());
  }

  /** Removes `cut` from those that wait. */
  stopWaiting(cut: Cut): void {
    this.#cut.delete(cut);
  }

  #isUsedUpAt(now: number): boolean {
    return now >= this.#times[CLOSES_AT]!;
  }

  /** Opens a window. It ends in an immediate, which runs after the event loop has read all sockets. */
  #open(since: number): void {
    this.#isOpen = true;
    this.#times[CLOSES_AT] = since + WINDOW_MS;
    setImmediate(this.#endRound);
  }

  /** Gives those that were cut short what is left of the window. */
  readonly #endRound = (): void => {
    const times = this.#times;
    times[CLOSES_AT] = Math.max(times[CLOSES_AT]!, performance.now() + LEAST_TURNS_MS);
    // A connection that is cut short again goes on in the next round.
    let left = this.#cut.size;
    for (const cut of this.#cut) {
      if (left-- === 0 || this.#isUsedUpAt(performance.now())) break;
      this.#cut.delete(cut);
      cut.takeTurn();
    }
    this.#isOpen = false;
    times[SPENT] = 0;
    if (this.#cut.size > 0) this.#open(performance.now());
  };
}
