import type { ResolvedOptions } from './options.ts';

const MIN_TICK_MS = 5;
const MAX_TICK_MS = 250;

/** How often to check the connections' timers, in ms: four times within the shortest timeout. */
export function tickMs(options: ResolvedOptions): number {
  const { helloTimeoutMs, idleTimeoutMs, partialFrameTimeoutMs, writeTimeoutMs } = options;
  const timeouts = [helloTimeoutMs, idleTimeoutMs, partialFrameTimeoutMs, writeTimeoutMs].filter((ms) => ms > 0);
  return Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, Math.floor(Math.min(...timeouts) / 4)));
}

/** The time on the clock of performance.now(), in whole ms: V8 would box a double that stands in a field. */
export function wholeMs(): number {
  return Math.trunc(performance.now());
}

/**
 * A coarse clock that all connections share: one interval checks every timer of every connection, so that a NOTIFY sets
 * and clears none.
 */
export class Clock {
  readonly #tickMs: number;
  readonly #onTick: (lateMs: number) => void;
  readonly #listeners: { readonly ticks: number; ticksLeft: number; readonly listener: (now: number) => void }[] = [];
  #tickedAt: number = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onTick Called at each tick with the number of ms by which it is late. */
  constructor(ms: number, onTick: (lateMs: number) => void) {
    this.#tickMs = ms;
    this.#onTick = onTick;
  }

  /** Calls `listener` at the next tick, and then every `ms` or up to one tick earlier. It gets the time as `wholeMs` gives it. */
  every(ms: number, listener: (now: number) => void): void {
    this.#listeners.push({ ticks: Math.floor(ms / this.#tickMs), ticksLeft: 0, listener });
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#tickedAt = wholeMs();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = wholeMs();
    const elapsed = now - this.#tickedAt;
    this.#tickedAt = now;
    this.#onTick(elapsed - this.#tickMs);
    for (const each of this.#listeners) {
      if (--each.ticksLeft > 0) continue;
      each.ticksLeft = each.ticks;
      each.listener(now);
    }
  }
}
