import type { ResolvedOptions } from './options.ts';

const MIN_TICK_MS = 5;
const MAX_TICK_MS = 250;

/** How often to look at the connections' timers: four times within the shortest. */
export function tickMs(options: ResolvedOptions): number {
  const timeouts = [options.helloTimeoutMs, options.idleTimeoutMs, options.partialFrameTimeoutMs].filter(
    (ms) => ms > 0,
  );
  return Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, Math.floor(Math.min(...timeouts) / 4)));
}

/**
 * A coarse clock that all connections share: one interval looks after every timer of every connection, so that a
 * NOTIFY sets and clears none.
 */
export class Clock {
  /**
   * Whole ms, at the last tick. A tick that comes late counts as two: what came while the event loop was blocked is read
   * after it, and must not be taken for missing.
   */
  now: number = Math.trunc(performance.now());
  readonly #tickMs: number;
  readonly #onTick: (lateMs: number) => void;
  readonly #listeners: { readonly ticks: number; ticksLeft: number; readonly listener: (now: number) => void }[] = [];
  #tickedAt: number = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onTick Told by how many ms a tick comes too late. */
  constructor(ms: number, onTick: (lateMs: number) => void) {
    this.#tickMs = ms;
    this.#onTick = onTick;
  }

  /** Tells `listener` the time every `ms`, or a part of a tick earlier; first at the next tick. */
  every(ms: number, listener: (now: number) => void): void {
    this.#listeners.push({ ticks: Math.floor(ms / this.#tickMs), ticksLeft: 0, listener });
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#tickedAt = Math.trunc(performance.now());
    this.now = Math.max(this.now, this.#tickedAt);
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const time = Math.trunc(performance.now());
    const elapsed = time - this.#tickedAt;
    this.#tickedAt = time;
    this.now += Math.min(elapsed, 2 * this.#tickMs);
    this.#onTick(elapsed - this.#tickMs);
    for (const each of this.#listeners) {
      if (--each.ticksLeft > 0) continue;
      each.ticksLeft = each.ticks;
      each.listener(this.now);
    }
  }
}
