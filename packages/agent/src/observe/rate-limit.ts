/** The events of one kind in a window. */
interface Count {
  admitted: number;
  suppressed: number;
}

/**
 * Admits the first few events of each kind in a window of time, and reports at its end how many others there were. An event
 * that happens thousands of times a second then takes a few lines.
 */
export class RateLimit {
  readonly #burst: number;
  readonly #windowMs: number;
  readonly #onWindowEnd: (kind: string, suppressed: number) => boolean;
  readonly #counts: Map<string, Count> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param burst How many events of each kind are admitted in a window.
   * @param onWindowEnd Called with each kind that had more than `burst` events, and their number. When it returns false, it is
   * called again at the end of the next window, with the events of both.
   */
  constructor(burst: number, windowMs: number, onWindowEnd: (kind: string, suppressed: number) => boolean) {
    this.#burst = burst;
    this.#windowMs = windowMs;
    this.#onWindowEnd = onWindowEnd;
  }

  /** Counts an event of `kind`, and returns whether it is among the first `burst` of its window. */
  admits(kind: string): boolean {
    const count = this.#countOf(kind);
    if (count.admitted >= this.#burst) {
      count.suppressed++;
      return false;
    }
    count.admitted++;
    return true;
  }

  /** Counts an admitted event as suppressed, since it was not reported after all. */
  withhold(kind: string): void {
    this.#countOf(kind).suppressed++;
  }

  /** Ends the window before its time. */
  endWindow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = [...this.#counts];
    this.#counts.clear();
    for (const [kind, { suppressed }] of counts) {
      if (suppressed > 0 && !this.#onWindowEnd(kind, suppressed)) this.#countOf(kind).suppressed += suppressed;
    }
  }

  #countOf(kind: string): Count {
    this.#timer ??= setTimeout(() => this.endWindow(), this.#windowMs).unref();
    let count = this.#counts.get(kind);
    if (count === undefined) {
      count = { admitted: 0, suppressed: 0 };
      this.#counts.set(kind, count);
    }
    return count;
  }
}
