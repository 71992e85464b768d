const MIN_TICK_MS = 5;

/**
 * Measures how late the ticks of the agent's clock are. For that time the event loop was blocked, for instance by a handler
 * that computes, and answered no NOTIFY.
 */
export class EventLoopWatch {
  /** The tick in ms that shows lateness within a quarter of the threshold; Infinity when the watch is off. */
  readonly tickMs: number;
  /** How late the last tick was, and the latest so far, in ms. */
  lagMs: number = 0;
  maxLagMs: number = 0;
  readonly #thresholdMs: number;
  readonly #onBlocked: (blockedMs: number) => void;

  /** @param thresholdMs How late a tick has to be for `onBlocked`, in ms; 0 is never. */
  constructor(thresholdMs: number, onBlocked: (blockedMs: number) => void) {
    this.#thresholdMs = thresholdMs;
    this.#onBlocked = onBlocked;
    this.tickMs = thresholdMs === 0 ? Number.POSITIVE_INFINITY : Math.max(MIN_TICK_MS, Math.floor(thresholdMs / 4));
  }

  /** Records a tick that was `lateMs` late. */
  tick(lateMs: number): void {
    this.lagMs = Math.max(0, lateMs);
    if (lateMs > this.maxLagMs) this.maxLagMs = lateMs;
    if (this.#thresholdMs > 0 && lateMs >= this.#thresholdMs) this.#onBlocked(lateMs);
  }
}
