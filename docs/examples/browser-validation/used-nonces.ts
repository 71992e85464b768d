/** The nonces of used solutions, in a fixed amount of memory. */

/** Of two generations: two words and the time, in tables that are half empty at most. */
export const BYTES_PER_NONCE = 32;

/** Nonces of one span of time: a hash table with open addressing. Nonces are random, so that their first word is a good hash. */
class Generation {
  size = 0;
  readonly #words: Int32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#words = new Int32Array(2 * slots);
    this.#mask = slots - 1;
  }

  has(first: number, second: number): boolean {
    return this.#words[2 * this.#find(first, second)] === first;
  }

  add(first: number, second: number): void {
    const slot = this.#find(first, second);
    this.#words[2 * slot] = first;
    this.#words[2 * slot + 1] = second;
    this.size++;
  }

  clear(): void {
    if (this.size > 0) this.#words.fill(0);
    this.size = 0;
  }

  /** The slot of a nonce, or the one for it. An empty slot has a first word of 0, which no stored nonce has. */
  #find(first: number, second: number): number {
    const words = this.#words;
    let slot = first & this.#mask;
    while (words[2 * slot] !== 0 && (words[2 * slot] !== first || words[2 * slot + 1] !== second)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}

/** Remembers nonces until their challenges expire; when it is full, it refuses further ones. */
export class UsedNonces {
  readonly #capacity: number;
  readonly #spanMs: number;
  readonly #nowMs: () => number;
  #current: Generation;
  #previous: Generation;
  #currentUntilMs: number;

  /** @param spanMs lifetime of a challenge, with the tolerance for clocks on both sides. */
  constructor(capacity: number, spanMs: number, nowMs: () => number = () => performance.now()) {
    this.#capacity = capacity;
    this.#spanMs = spanMs;
    this.#nowMs = nowMs;
    this.#current = new Generation(capacity);
    this.#previous = new Generation(capacity);
    this.#currentUntilMs = nowMs() + spanMs;
  }

  /** The number of remembered nonces. */
  get size(): number {
    return this.#current.size + this.#previous.size;
  }

  /** Remembers a nonce of 8 bytes or more: `solved` if it is new, else the reason of a refusal. */
  use(nonce: Buffer): 'solved' | 'replayed' | 'full' {
    this.#turn();
    const first = nonce.readInt32BE(0) || 1;
    const second = nonce.readInt32BE(4);
    if (this.#current.has(first, second) || this.#previous.has(first, second)) return 'replayed';
    if (this.#current.size === this.#capacity) return 'full';
    this.#current.add(first, second);
    return 'solved';
  }

  /** A generation is filled for one span, and kept for another. */
  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#currentUntilMs) return;
    [this.#current, this.#previous] = [this.#previous, this.#current];
    this.#current.clear();
    if (nowMs >= this.#currentUntilMs + this.#spanMs) this.#previous.clear();
    this.#currentUntilMs = nowMs + this.#spanMs;
  }
}
