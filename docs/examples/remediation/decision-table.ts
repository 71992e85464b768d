/** Decisions by address, range and country: the most specific one in force counts, and of several the most severe. */
import { type AddressWords, Entry } from '../shared/entry.ts';
import { compareRemediations, type Decision, type Remediation, type Scope } from './decision.ts';

/** A decision as the table keeps it. */
export interface Held {
  readonly scope: Scope;
  readonly remediation: Remediation;
  readonly origin: string;
  /** `ipv4`, `ipv6`, or empty for a country. */
  readonly ipType: string;
  /** The time of its end, on the clock of `performance.now()`. */
  readonly expiresAt: number;
}

/** All decisions of an API. */
export class DecisionTable {
  readonly #ipv4 = new PrefixTable(ipv4Key);
  readonly #ipv6 = new PrefixTable(ipv6Key);
  readonly #countries = new Map<string, Held[]>();
  readonly #origins = new Map<string, string>();
  readonly #entry = new Entry();

  /**
   * Adds a decision, and replaces one of the same type about the same value.
   *
   * @param at start of its duration, on the clock of `performance.now()`.
   * @returns false if its value is not an address or range.
   */
  add({ scope, value, remediation, origin, durationMs }: Decision, at: number): boolean {
    const held = { scope, remediation, origin: this.#once(origin), ipType: '', expiresAt: at + durationMs };
    if (scope === 'country') {
      put(this.#countries, value, held);
      return true;
    }
    if (!this.#read(value)) return false;
    const isIpv4 = this.#entry.family === 4;
    this.#tableOf(this.#entry).put(this.#entry, { ...held, ipType: isIpv4 ? 'ipv4' : 'ipv6' });
    return true;
  }

  /** Removes the decision of that type about the same value. */
  remove({ scope, value, remediation }: Decision): void {
    if (scope === 'country') drop(this.#countries, value, scope, remediation);
    else if (this.#read(value)) this.#tableOf(this.#entry).drop(this.#entry, scope, remediation);
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
    return inForce(this.#countries.get(code), now);
  }

  /** Visits all that are in force. */
  forEach(now: number, visit: (held: Held) => void): void {
    const visitList = (list: readonly Held[]): void => {
      for (const held of list) if (held.expiresAt > now) visit(held);
    };
    this.#countries.forEach(visitList);
    this.#ipv4.forEach(visitList);
    this.#ipv6.forEach(visitList);
  }

  #tableOf({ family }: AddressWords): PrefixTable<number> | PrefixTable<string> {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }

  /** The same text, kept once for all decisions. */
  #once(origin: string): string {
    const known = this.#origins.get(origin);
    if (known === undefined) this.#origins.set(origin, origin);
    return known ?? origin;
  }

  #read(value: string): boolean {
    const bytes = Buffer.from(value, 'latin1');
    return this.#entry.read(bytes, 0, bytes.length);
  }
}

/** Decisions of one family, by the first bits of an address. */
class PrefixTable<Key extends number | string> {
  readonly #keyOf: (address: AddressWords, length: number) => Key;
  /** The longest prefixes first. */
  readonly #lengths: { readonly length: number; readonly lists: Map<Key, Held[]> }[] = [];

  /** @param keyOf makes a key of an address's leading bits, as many as the length says. */
  constructor(keyOf: (address: AddressWords, length: number) => Key) {
    this.#keyOf = keyOf;
  }

  find(address: AddressWords, now: number): Held | undefined {
    for (const { length, lists } of this.#lengths) {
      const found = inForce(lists.get(this.#keyOf(address, length)), now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  put(range: Entry, held: Held): void {
    const length = range.prefixLength;
    let known = this.#lengths.find((each) => each.length === length);
    if (known === undefined) {
      known = { length, lists: new Map() };
      this.#lengths.push(known);
      this.#lengths.sort((a, b) => b.length - a.length);
    }
    put(known.lists, this.#keyOf(range, length), held);
  }

  drop(range: Entry, scope: Scope, remediation: Remediation): void {
    const known = this.#lengths.find((each) => each.length === range.prefixLength);
    if (known !== undefined) drop(known.lists, this.#keyOf(range, range.prefixLength), scope, remediation);
  }

  forEach(visit: (list: readonly Held[]) => void): void {
    for (const { lists } of this.#lengths) lists.forEach(visit);
  }
}

function inForce(list: readonly Held[] | undefined, now: number): Held | undefined {
  return list?.find((held) => held.expiresAt > now);
}

/** Keeps the most severe first. */
function put<Key>(lists: Map<Key, Held[]>, key: Key, held: Held): void {
  const others = lists.get(key)?.filter((each) => !isSame(each, held.scope, held.remediation)) ?? [];
  const list = [...others, held].toSorted((a, b) => compareRemediations(b.remediation, a.remediation));
  lists.set(key, list);
}

function drop<Key>(lists: Map<Key, Held[]>, key: Key, scope: Scope, remediation: Remediation): void {
  const left = lists.get(key)?.filter((each) => !isSame(each, scope, remediation)) ?? [];
  if (left.length === 0) lists.delete(key);
  else lists.set(key, left);
}

function isSame(held: Held, scope: Scope, remediation: Remediation): boolean {
  return held.scope === scope && held.remediation === remediation;
}

function ipv4Key(address: AddressWords, length: number): number {
  return length === 0 ? 0 : address.wordAt(0) >> (32 - length);
}

/** Text, since V8 hashes only the low 64 bits of a bigint, which are `::1` of many hosts. */
function ipv6Key(address: AddressWords, length: number): string {
  const a = maskedWord(address, 0, length);
  const b = maskedWord(address, 1, length);
  const c = maskedWord(address, 2, length);
  const d = maskedWord(address, 3, length);
  return String.fromCharCode(a >>> 16, a, b >>> 16, b, c >>> 16, c, d >>> 16, d);
}

/** One of the four words, with bits after the prefix set to 0. */
function maskedWord(address: AddressWords, index: number, length: number): number {
  const bits = length - 32 * index;
  if (bits <= 0) return 0;
  return bits >= 32 ? address.wordAt(index) : address.wordAt(index) & (-1 << (32 - bits));
}
