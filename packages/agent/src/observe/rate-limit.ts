/** What came of one kind in a window. */
interface Count {
  admitted: number;
  suppressed: number;
}

/**
 * Lets the first few of a kind through in each window of time, and says at its end how many others there were: what
 * happens thousands of times a second takes a few lines, not the disk.
 */
export class RateLimit {
  readonly #burst: number;
  readonly #windowMs: number;
  readonly #onWindowEnd: (kind: string, suppressed: number) => boolean;
  readonly #counts: Map<string, Count> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onWindowEnd Told of each kind that had more than `burst`, and how many more. Returns whether that is settled: if
   * not, it is told again at the end of the next window, with what comes in that.
   */
  constructor(burst: number, windowMs: number, onWindowEnd: (kind: string, suppressed: number) => boolean) {
    this.#burst = burst;
    this.#windowMs = windowMs;
    this.#onWindowEnd = onWindowEnd;
  }

  /** Counts one of `kind`, and says whether it is among the first of its window. */
  admits(kind: string): boolean {
    const count = this.#countOf(kind);
    if (count.admitted >= this.#burst) {
      count.suppressed++;
      return false;
    }
    count.admitted++;
    return true;
  }

  /** Counts one that was admitted with the others: it is not told after all. */
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
