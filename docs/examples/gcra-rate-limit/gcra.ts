/**
 * The generic cell rate algorithm (ITU-T I.371): it keeps one number for each client, the theoretical arrival time of its
 * next request. All times are whole µs.
 */

/** How often a client may ask. */
export interface Rate {
  /** Between two requests of a client that never pauses. */
  readonly intervalUs: number;
  /** How far ahead of now its arrival time may be: `burstUs / intervalUs` requests at once. */
  readonly burstUs: number;
}

/** Decides; its fields have the answer to the last call. */
export class Gcra {
  isAllowed = true;
  /** The time to keep for the client: the theoretical arrival time of its next request, after the last decision. */
  arrivalUs = 0;
  /** Time of the decision. */
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
   * @param arrivalUs the time kept for the client; 0 if there is none. One further ahead than the burst, after a clock was set
   *   back, counts as the burst, and is kept as such: otherwise the client would wait for that clock.
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

  /** Takes a request as the first of its client, and keeps no time. */
  allow(): void {
    this.isAllowed = true;
    this.timeUs = 0;
    this.retryAfterMs = 0;
    this.remaining = Math.floor(this.#burstUs / this.#intervalUs);
    this.resetS = 0;
  }

  /** Refuses a request for one interval, and keeps no time. */
  refuse(): void {
    this.isAllowed = false;
    this.timeUs = 0;
    this.retryAfterMs = Math.ceil(this.#intervalUs / 1_000);
    this.remaining = 0;
    this.resetS = Math.ceil(this.retryAfterMs / 1_000);
  }
}
