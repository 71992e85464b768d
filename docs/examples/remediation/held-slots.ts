/**
 * A hash table of decisions by a key of 32-bit words. It is made of arrays of numbers, with 21 to 43 bytes for each decision about
 * an IPv4 address: maps and objects would take 150.
 */
import { compareRemediations, type Remediation, type Scope } from './decision.ts';

/** What a decision says, without its value and duration: one object for all decisions that have it in common. */
export interface Held {
  readonly scope: Scope;
  readonly remediation: Remediation;
  readonly origin: string;
  /** `ipv4`, `ipv6`, or empty for a country. */
  readonly ipType: string;
}

const FIRST_CAPACITY = 16;
/** Values in place of a number of `Held`. */
const EMPTY = 0;
const REMOVED = -1;
const MULTIPLIER = 0x9e37_79b1;

/** Decisions by a key. Several about the same key are several slots. */
export class HeldSlots {
  /** Number of words in a key. */
  readonly #width: number;
  /** All `Held`, by their numbers, which begin with 1. */
  readonly #all: readonly (Held | undefined)[];
  #keys: Int32Array;
  #numbers: Int32Array;
  /** Times of their ends. */
  #ends: Float64Array;
  /** Slots that are not empty. */
  #used = 0;

  /** @param all can grow, but not change. */
  constructor(width: number, all: readonly (Held | undefined)[]) {
    this.#width = width;
    this.#all = all;
    this.#keys = new Int32Array(FIRST_CAPACITY * width);
    this.#numbers = new Int32Array(FIRST_CAPACITY);
    this.#ends = new Float64Array(FIRST_CAPACITY);
  }

  /** Number of slots, in use or not. */
  get capacity(): number {
    return this.#numbers.length;
  }

  /** The most severe one in force. */
  find(key: Int32Array, now: number): Held | undefined {
    let found: Held | undefined;
    for (let slot = this.#firstSlot(key); this.#numbers[slot] !== EMPTY; slot = this.#next(slot)) {
      if (!this.#isAt(slot, key) || this.#ends[slot]! <= now) continue;
      const held = this.#all[this.#numbers[slot]!]!;
      if (found === undefined || compareRemediations(held.remediation, found.remediation) > 0) found = held;
    }
    return found;
  }

  /**
   * Adds a decision, and replaces one of the same scope and remediation.
   *
   * @param keepsLonger whether to keep one that ends later instead.
   */
  put(key: Int32Array, number: number, end: number, keepsLonger: boolean): void {
    const { scope, remediation } = this.#all[number]!;
    let slot = this.#slotOf(key, scope, remediation);
    if (slot !== undefined) {
      if (keepsLonger && this.#ends[slot]! >= end) return;
    } else {
      slot = this.#freeSlot(key);
      if (this.#numbers[slot] === EMPTY) this.#used++;
      this.#keys.set(key.subarray(0, this.#width), slot * this.#width);
    }
    this.#numbers[slot] = number;
    this.#ends[slot] = end;
    if (this.#used * 4 > this.#numbers.length * 3) this.#makeRoom();
  }

  /** Removes the decision of this scope and remediation. */
  drop(key: Int32Array, scope: Scope, remediation: Remediation): void {
    const slot = this.#slotOf(key, scope, remediation);
    if (slot !== undefined) this.#numbers[slot] = REMOVED;
  }

  /** Visits all that are in force. */
  forEach(now: number, visit: (held: Held) => void): void {
    for (const [slot, number] of this.#numbers.entries())
      if (number > 0 && this.#ends[slot]! > now) visit(this.#all[number]!);
  }

  #slotOf(key: Int32Array, scope: Scope, remediation: Remediation): number | undefined {
    for (let slot = this.#firstSlot(key); this.#numbers[slot] !== EMPTY; slot = this.#next(slot)) {
      if (!this.#isAt(slot, key)) continue;
      const held = this.#all[this.#numbers[slot]!]!;
      if (held.scope === scope && held.remediation === remediation) return slot;
    }
    return undefined;
  }

  #freeSlot(key: Int32Array): number {
    let slot = this.#firstSlot(key);
    while (this.#numbers[slot]! > 0) slot = this.#next(slot);
    return slot;
  }

  #firstSlot(key: Int32Array): number {
    let hash = 0;
    for (let word = 0; word < this.#width; word++) {
      hash = Math.imul(hash ^ key[word]!, MULTIPLIER);
      hash ^= hash >>> 15;
    }
    return hash & (this.#numbers.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#numbers.length - 1);
  }

  /** Whether the slot has a decision about the key. */
  #isAt(slot: number, key: Int32Array): boolean {
    if (this.#numbers[slot] === REMOVED) return false;
    for (let word = 0; word < this.#width; word++) {
      if (this.#keys[slot * this.#width + word] !== key[word]) return false;
    }
    return true;
  }

  /** Leaves out removed ones; twice as many slots if more than half of them are still in use. */
  #makeRoom(): void {
    const [keys, numbers, ends] = [this.#keys, this.#numbers, this.#ends];
    const count = numbers.reduce((sum, number) => (number > 0 ? sum + 1 : sum), 0);
    const capacity = count * 2 > numbers.length ? numbers.length * 2 : numbers.length;
    this.#keys = new Int32Array(capacity * this.#width);
    this.#numbers = new Int32Array(capacity);
    this.#ends = new Float64Array(capacity);
    this.#used = count;
    const key = new Int32Array(this.#width);
    for (let slot = 0; slot < numbers.length; slot++) {
      if (numbers[slot]! <= 0) continue;
      for (let word = 0; word < this.#width; word++) key[word] = keys[slot * this.#width + word]!;
      const free = this.#freeSlot(key);
      this.#keys.set(key, free * this.#width);
      this.#numbers[free] = numbers[slot]!;
      this.#ends[free] = ends[slot]!;
    }
  }
}
