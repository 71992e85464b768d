/** Decisions by what they are about: the most specific one that is in force counts, and of several the most severe. */
import { type AddressWords, Entry } from '../shared/entry.ts';
import { compareRemediations, type Decision, type Remediation, type Scope } from './decision.ts';

/** A decision as it is kept. */
export interface Held {
  readonly scope: Scope;
  readonly remediation: Remediation;
  readonly origin: string;
  /** `ipv4`, `ipv6`, or empty for a country. */
  readonly ipType: string;
  /** The first moment that it is no longer in force, on the clock of `performance.now()`. */
  readonly expiresAt: number;
}

/** All decisions of an API. */
export class DecisionTable {
  readonly #ipv4 = new PrefixTable((address: number, length) => (length === 0 ? 0 : address >> (32 - length)));
  readonly #ipv6 = new PrefixTable((address: bigint, length) => address >> BigInt(128 - length));
  readonly #countries = new Map<string, Held[]>();
  readonly #entry = new Entry();

  /**
   * Takes a decision, instead of one of the same type about the same.
   *
   * @param at from when its duration counts, on the clock of `performance.now()`.
   * @returns false where its value is no address or range.
   */
  add({ scope, value, remediation, origin, durationMs }: Decision, at: number): boolean {
    const held = { scope, remediation, origin, ipType: '', expiresAt: at + durationMs };
    if (scope === 'country') {
      put(this.#countries, value, held);
      return true;
    }
    if (!this.#read(value)) return false;
    const { family, prefixLength } = this.#entry;
    const ipType = family === 4 ? 'ipv4' : 'ipv6';
    if (family === 4) this.#ipv4.put(this.#entry.first[0]! | 0, prefixLength, { ...held, ipType });
    else this.#ipv6.put(toBigInt(this.#entry.first), prefixLength, { ...held, ipType });
    return true;
  }

  /** Forgets a decision of that type about the same. */
  remove({ scope, value, remediation }: Decision): void {
    if (scope === 'country') drop(this.#countries, value, scope, remediation);
    else if (!this.#read(value)) return;
    else if (this.#entry.family === 4) {
      this.#ipv4.drop(this.#entry.first[0]! | 0, this.#entry.prefixLength, scope, remediation);
    } else this.#ipv6.drop(toBigInt(this.#entry.first), this.#entry.prefixLength, scope, remediation);
  }

  /** The decision about an address, or a range that it is in; one mapped to IPv6 has to come as the IPv4 address that it is. */
  find(address: AddressWords, now: number): Held | undefined {
    if (address.family === 4) return this.#ipv4.find(address.wordAt(0), now);
    const words = Uint32Array.from({ length: 4 }, (_, word) => address.wordAt(word));
    return this.#ipv6.find(toBigInt(words), now);
  }

  /** As `find`, of an address that is text; undefined for other text. */
  findText(text: string, now: number): Held | undefined {
    if (!this.#read(text)) return undefined;
    const { family, first } = this.#entry;
    return this.find({ family, wordAt: (index) => first[index]! | 0 }, now);
  }

  /** The decision about a country, by its code of two capital letters. */
  findCountry(code: string, now: number): Held | undefined {
    return inForce(this.#countries.get(code), now);
  }

  /** All that are in force. */
  *inForce(now: number): Generator<Held> {
    for (const lists of [this.#countries.values(), this.#ipv4.lists(), this.#ipv6.lists()]) {
      for (const list of lists) for (const held of list) if (held.expiresAt > now) yield held;
    }
  }

  #read(value: string): boolean {
    const bytes = Buffer.from(value, 'latin1');
    return this.#entry.read(bytes, 0, bytes.length);
  }
}

/** Decisions of one family, by the first bits of an address. */
class PrefixTable<Address extends number | bigint> {
  readonly #shorten: (address: Address, length: number) => Address;
  /** The longest prefixes first. */
  readonly #lengths: { readonly length: number; readonly lists: Map<Address, Held[]> }[] = [];

  /** @param shorten the first bits of an address, so many as the length says. */
  constructor(shorten: (address: Address, length: number) => Address) {
    this.#shorten = shorten;
  }

  find(address: Address, now: number): Held | undefined {
    for (const { length, lists } of this.#lengths) {
      const found = inForce(lists.get(this.#shorten(address, length)), now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  put(address: Address, length: number, held: Held): void {
    let known = this.#lengths.find((each) => each.length === length);
    if (known === undefined) {
      known = { length, lists: new Map() };
      this.#lengths.push(known);
      this.#lengths.sort((a, b) => b.length - a.length);
    }
    put(known.lists, this.#shorten(address, length), held);
  }

  drop(address: Address, length: number, scope: Scope, remediation: Remediation): void {
    const known = this.#lengths.find((each) => each.length === length);
    if (known !== undefined) drop(known.lists, this.#shorten(address, length), scope, remediation);
  }

  *lists(): Generator<Held[]> {
    for (const { lists } of this.#lengths) yield* lists.values();
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

/** An IPv6 address as one number. */
function toBigInt(words: Uint32Array): bigint {
  return (BigInt(words[0]!) << 96n) | (BigInt(words[1]!) << 64n) | (BigInt(words[2]!) << 32n) | BigInt(words[3]!);
}
