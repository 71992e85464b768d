/** Decisions by address, range and country: the most specific one in force counts, and of several the most severe. */
import { type AddressWords, Entry } from '../shared/entry.ts';
import type { Decision, Remediation, Scope } from './decision.ts';
import { type Held, HeldSlots } from './held-slots.ts';

const IPV4_WORDS = 1;
const IPV6_WORDS = 4;

/** All decisions of an API. */
export class DecisionTable {
  /** What decisions say, by numbers that begin with 1; and these numbers by its text. */
  readonly #held: (Held | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();
  readonly #ipv4 = new PrefixTable(IPV4_WORDS, this.#held);
  readonly #ipv6 = new PrefixTable(IPV6_WORDS, this.#held);
  readonly #countries = new HeldSlots(1, this.#held);
  readonly #entry = new Entry();

  /**
   * Adds a decision, and replaces one of the same type about the same value.
   *
   * @param at start of its duration, on the clock of `performance.now()`.
   * @param keepsLonger whether to keep the other one if it ends later.
   * @returns false if its value is not an address, a range, or the code of a country.
   */
  add({ scope, value, remediation, origin, durationMs }: Decision, at: number, keepsLonger: boolean = false): boolean {
    const end = at + durationMs;
    if (scope === 'country') {
      const key = countryKey(value);
      if (key !== undefined) this.#countries.put(key, this.#numberOf(scope, remediation, origin, ''), end, keepsLonger);
      return key !== undefined;
    }
    if (!this.#read(value)) return false;
    const number = this.#numberOf(scope, remediation, origin, this.#entry.family === 4 ? 'ipv4' : 'ipv6');
    this.#tableOf(this.#entry).put(this.#entry, number, end, keepsLonger);
    return true;
  }

  /** Removes the decision of that type about the same value. */
  remove({ scope, value, remediation }: Decision): void {
    if (scope !== 'country') {
      if (this.#read(value)) this.#tableOf(this.#entry).drop(this.#entry, scope, remediation);
      return;
    }
    const key = countryKey(value);
    if (key !== undefined) this.#countries.drop(key, scope, remediation);
  }

  /** The decision about an address, or a range that it is in; one mapped to IPv6 has to be passed as IPv4. */
  find(address: AddressWords, now: number): Held | undefined {
    return this.#tableOf(address).find(address, now);
  }

  /** Like `find`, for an address as text; undefined for other text. */
  findText(text: string, now: number): Held | undefined {
    return this.#read(text) ? this.find(this.#entry, now) : undefined;
  }

  /** The decision about a country, by its code of two capital letters. */
  findCountry(code: string, now: number): Held | undefined {
    const key = countryKey(code);
    return key === undefined ? undefined : this.#countries.find(key, now);
  }

  /** Visits all that are in force. */
  forEach(now: number, visit: (held: Held) => void): void {
    this.#countries.forEach(now, visit);
    this.#ipv4.forEach(now, visit);
    this.#ipv6.forEach(now, visit);
  }

  #tableOf({ family }: AddressWords): PrefixTable {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }

  #numberOf(scope: Scope, remediation: Remediation, origin: string, ipType: string): number {
    const text = `${scope} ${remediation} ${ipType} ${origin}`;
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#held.push({ scope, remediation, origin, ipType }) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  #read(value: string): boolean {
    const bytes = Buffer.from(value, 'latin1');
    return this.#entry.read(bytes, 0, bytes.length);
  }
}

/** Decisions of one family, by the first bits of an address. */
class PrefixTable {
  readonly #held: readonly (Held | undefined)[];
  /** The longest prefixes first. */
  readonly #lengths: { readonly length: number; readonly slots: HeldSlots }[] = [];
  /** An address with the bits after its prefix set to 0. */
  readonly #key: Int32Array;

  constructor(words: number, held: readonly (Held | undefined)[]) {
    this.#key = new Int32Array(words);
    this.#held = held;
  }

  find(address: AddressWords, now: number): Held | undefined {
    for (const { length, slots } of this.#lengths) {
      const found = slots.find(this.#keyOf(address, length), now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  put(range: Entry, number: number, end: number, keepsLonger: boolean): void {
    const length = range.prefixLength;
    let known = this.#lengths.find((each) => each.length === length);
    if (known === undefined) {
      known = { length, slots: new HeldSlots(this.#key.length, this.#held) };
      this.#lengths.push(known);
      this.#lengths.sort((a, b) => b.length - a.length);
    }
    known.slots.put(this.#keyOf(range, length), number, end, keepsLonger);
  }

  drop(range: Entry, scope: Scope, remediation: Remediation): void {
    const known = this.#lengths.find((each) => each.length === range.prefixLength);
    known?.slots.drop(this.#keyOf(range, range.prefixLength), scope, remediation);
  }

  forEach(now: number, visit: (held: Held) => void): void {
    for (const { slots } of this.#lengths) slots.forEach(now, visit);
  }

  #keyOf(address: AddressWords, length: number): Int32Array {
    for (let word = 0; word < this.#key.length; word++) {
      const bits = Math.min(32, length - 32 * word);
      this.#key[word] = bits <= 0 ? 0 : address.wordAt(word) & (-1 << (32 - bits));
    }
    return this.#key;
  }
}

/** A key for the code of a country; undefined for text of another length. */
function countryKey(code: string): Int32Array | undefined {
  return code.length === 2 ? Int32Array.of((code.charCodeAt(0) << 16) | code.charCodeAt(1)) : undefined;
}
