/**
 * The generic cell rate algorithm (ITU-T I.371): of each client it knows one number, the theoretical arrival time of its next
 * request. All times are whole µs.
 */

/** How often a client may ask. */
export interface Rate {
  /** Between two requests of a client that never pauses. */
  readonly intervalUs: number;
  /** How far ahead of now its arrival time may be: `burstUs / intervalUs` requests at once. */
  readonly burstUs: number;
}

/** Decides; the answer to the last call stands in its fields. */
export class Gcra {
  isAllowed = true;
  /** What to keep of the client: after the last decision, its next request's theoretical arrival time. */
  arrivalUs = 0;
  /** When it was decided. */
  timeUs = 0;
  retryAfterMs = 0;
  remaining = 0;
  resetS = 0;
  readonly #intervalUs: number;
  readonly #burstUs: number;

  constructor({ intervalUs, burstUs }: Rate) {
    this.#intervalUs = intervalUs;
    this.#burstUs = burstUs;
  }

  /**
   * Decides about one request.
   *
   * @param arrivalUs what was kept of the client; 0 where nothing was. One that is further ahead than the burst, after a clock
   *   was set back, counts as the burst, and is kept as such: else the client would wait for that clock.
   */
  decide(arrivalUs: number, nowUs: number): void {
    const burst = this.#burstUs;
    const interval = this.#intervalUs;
    const arrival = Math.max(nowUs, Math.min(arrivalUs, nowUs + burst));
    const waitUs = arrival + interval - burst - nowUs;
    const isAllowed = waitUs <= 0;
    const kept = isAllowed ? arrival + interval : arrival;
    this.isAllowed = isAllowed;
    this.arrivalUs = kept;
    this.timeUs = nowUs;
    this.retryAfterMs = isAllowed ? 0 : Math.ceil(waitUs / 1_000);
    this.remaining = Math.floor((burst - (kept - nowUs)) / interval);
    // A refused client must not be told to come back (Retry-After) before `t` is over.
    this.resetS = isAllowed ? Math.ceil((kept - nowUs) / 1_000_000) : Math.ceil(this.retryAfterMs / 1_000);
  }

  /** Takes a request as the first of its client, without anything being kept. */
  allow(): void {
    this.isAllowed = true;
    this.timeUs = 0;
    this.retryAfterMs = 0;
    this.remaining = Math.floor(this.#burstUs / this.#intervalUs);
    this.resetS = 0;
  }

  /** Refuses a request for one interval, without anything being kept. */
  refuse(): void {
    this.isAllowed = false;
    this.timeUs = 0;
    this.retryAfterMs = Math.ceil(this.#intervalUs / 1_000);
    this.remaining = 0;
    this.resetS = Math.ceil(this.retryAfterMs / 1_000);
  }
}
