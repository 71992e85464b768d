const MIN_TICK_MS = 5;

/**
 * Measures by how much ticks of the agent's clock come too late: for so long the event loop did something else, such as
 * a handler that computes, and answered nobody.
 */
export class EventLoopWatch {
  /** How often to tick, for lateness to be seen within a quarter of the threshold; Infinity where it is off. */
  readonly tickMs: number;
  /** How late the last tick was, and the latest so far, in ms. */
  lagMs: number = 0;
  maxLagMs: number = 0;
  readonly #thresholdMs: number;
  readonly #onBlocked: (blockedMs: number) => void;

  /** @param thresholdMs From how many ms on `onBlocked` is told; 0 never. */
  constructor(thresholdMs: number, onBlocked: (blockedMs: number) => void) {
    this.#thresholdMs = thresholdMs;
    this.#onBlocked = onBlocked;
    this.tickMs = thresholdMs === 0 ? Number.POSITIVE_INFINITY : Math.max(MIN_TICK_MS, Math.floor(thresholdMs / 4));
  }

  /** Takes note of a tick that was `lateMs` late. */
  tick(lateMs: number): void {
    this.lagMs = Math.max(0, lateMs);
    if (lateMs > this.maxLagMs) this.maxLagMs = lateMs;
    if (this.#thresholdMs > 0 && lateMs >= this.#thresholdMs) this.#onBlocked(lateMs);
  }
}
