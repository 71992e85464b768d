/** How long connections are read on, all together, until the event loop comes round. */
const WINDOW_MS = 5;
/** A window begins once batches have taken so long together: an immediate for each batch is felt. */
const SHORT_MS = 2;
/** What a frame counts for besides its bytes, in bytes, see {@link Turn.stride}. */
export const FRAME_WORK = 230;
/** 16 tiny NOTIFYs, or some 4 KiB of large ones. */
const STRIDE = 4_096;
/** Where frames take little time: a look at the clock takes time as well (benchmark `tiny through a socket`). */
const MAX_STRIDE = 131_072;
/** What a stride takes at most that is doubled. */
const QUICK_MS = 0.1;
/** The same while others wait for their turn. */
const CROWDED_STRIDE = 1_024;

/** Places of times, in ms. */
const READ_AT = 0;
const STARTED_AT = 1;
const OPENED_AT = 2;
/** All batches since the last window, before there is another one. */
const SPENT = 3;
const LOOKED_AT = 4;

/** Who was cut short, and reads on in a later turn. */
export interface Cut {
  /** It is this one's turn: reads on until its share is used up. */
  takeTurn(): void;
}

/**
 * Who may read, and for how long. One for all connections, which hand over their frames one after the other: 5 ms go to
 * all of them together, then the event loop reads whatever else has come, and those that were cut short go on in the
 * order in which they were.
 */
export class Turn {
  /**
   * True while a connection is reading frames. No other may start: limits are checked once per batch, and exchanges take
   * turns, so that frames read from within a handler would exceed the limits and use up the other exchanges.
   */
  isReading: boolean = false;
  /** Bytes of frames, each with `FRAME_WORK` more, until {@link Turn.isOver} is to be asked again. */
  stride: number = STRIDE;
  /** Doubles that would be boxed as fields. */
  readonly #times: Float64Array = new Float64Array(5);
  #isOpen: boolean = false;
  readonly #cut: Set<Cut> = new Set();

  /** When the batch that is being worked on was read, on the clock of performance.now(), in ms. */
  get batchReadAt(): number {
    return this.#times[READ_AT]!;
  }

  /** When work on it began: later, where it had to wait. */
  get batchStartedAt(): number {
    return this.#times[STARTED_AT]!;
  }

  /** What was read at once, now or at `readAt`, is about to be worked on. */
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

  /** All that the batch caused was written: returns the time since it was read, in ms. */
  countBatch(): number {
    const times = this.#times;
    const now = performance.now();
    if (!this.#isOpen) {
      times[SPENT]! += now - times[STARTED_AT]!;
      if (times[SPENT]! >= SHORT_MS) this.#open(now - times[SPENT]!);
    }
    return now - times[READ_AT]!;
  }

  /** Whether the batch has had its share of the window, which is a part of it while others wait. */
  isOver(): boolean {
    const now = performance.now();
    const elapsed = now - this.#times[STARTED_AT]!;
    const isQuick = now - this.#times[LOOKED_AT]! < QUICK_MS;
    this.#times[LOOKED_AT] = now;
    if (!isQuick) this.stride = this.#cut.size === 0 ? STRIDE : CROWDED_STRIDE;
    else if (this.stride < MAX_STRIDE) this.stride *= 2;
    if (!this.#isOpen) {
      const spent = this.#times[SPENT]! + elapsed;
      if (spent < SHORT_MS) return false;
      this.#open(now - spent);
    }
    return elapsed >= WINDOW_MS / (this.#cut.size + 1) || this.#isUsedUpAt(now);
  }

  /** Whether the window is used up, for one that would read on of its own. */
  isUsedUp(): boolean {
    const now = performance.now();
    if (!this.#isOpen) this.#open(now);
    return this.#isUsedUpAt(now);
  }

  /** Gives `cut` a turn after what the event loop reads next, and after all that wait. */
  wait(cut: Cut): void {
    this.#cut.add(cut);
    if (!this.#isOpen) this.#open(performance.now());
  }

  /** Gives `cut` no turn any more. */
  stopWaiting(cut: Cut): void {
    this.#cut.delete(cut);
  }

  #isUsedUpAt(now: number): boolean {
    return now - this.#times[OPENED_AT]! >= WINDOW_MS;
  }

  /** The event loop comes to immediates after it has read from everybody: only then does the next window begin. */
  #open(since: number): void {
    this.#isOpen = true;
    this.#times[OPENED_AT] = since;
    setImmediate(this.#next);
  }

  readonly #next = (): void => {
    this.#isOpen = false;
    this.#times[SPENT] = 0;
    let left = this.#cut.size;
    if (left === 0) return;
    this.#open(performance.now());
    for (const cut of this.#cut) {
      this.#cut.delete(cut);
      cut.takeTurn();
      if (--left === 0 || this.#isUsedUpAt(performance.now())) return;
    }
  };
}
