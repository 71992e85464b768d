/** The limiter of one agent, in its own memory. */
import { ArrivalTimes } from './arrival-times.ts';
import type { ClientKey } from './client-key.ts';
import type { Gcra } from './gcra.ts';

/** Whole µs on a clock that is never set. */
export function monotonicUs(): number {
  return Math.floor(performance.now() * 1_000);
}

/** Decides about each request at once. */
export class MemoryLimiter {
  readonly #gcra: Gcra;
  readonly #arrivals: ArrivalTimes;
  readonly #nowUs: () => number;

  /** @param gcra receives each decision. */
  constructor(gcra: Gcra, maxClients: number, nowUs: () => number = monotonicUs) {
    this.#gcra = gcra;
    this.#arrivals = new ArrivalTimes(maxClients);
    this.#nowUs = nowUs;
  }

  /** The number of clients it knows. */
  get size(): number {
    return this.#arrivals.size;
  }

  decide({ words }: ClientKey): void {
    const gcra = this.#gcra;
    const kept = this.#arrivals.get(words);
    gcra.decide(kept, this.#nowUs());
    if (gcra.arrivalUs !== kept) this.#arrivals.set(words, gcra.arrivalUs);
  }

  /** Keeps another limiter's decision: the client's arrival time is this far ahead. */
  learn({ words }: ClientKey, aheadUs: number): void {
    this.#arrivals.set(words, this.#nowUs() + aheadUs);
  }
}
