/**
 * Lets the first few of a kind through in each window of time, and says at its end how many others there were: what
 * happens thousands of times a second takes a few lines, not the disk.
 */
export class RateLimit {
  readonly #burst: number;
  readonly #windowMs: number;
  readonly #onWindowEnd: (kind: string, suppressed: number) => void;
  /** How many of each kind came in this window. */
  readonly #counts: Map<string, number> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /** @param onWindowEnd Told of each kind that had more than `burst`, and how many more. */
  constructor(burst: number, windowMs: number, onWindowEnd: (kind: string, suppressed: number) => void) {
    this.#burst = burst;
    this.#windowMs = windowMs;
    this.#onWindowEnd = onWindowEnd;
  }

  /** Counts one of `kind`, and says whether it is among the first of its window. */
  admits(kind: string): boolean {
    this.#timer ??= setTimeout(() => this.endWindow(), this.#windowMs).unref();
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count <= this.#burst;
  }

  /** Ends the window before its time. */
  endWindow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [kind, count] of this.#counts) {
      if (count > this.#burst) this.#onWindowEnd(kind, count - this.#burst);
    }
    this.#counts.clear();
  }
}
