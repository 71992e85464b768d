/** Ranges of addresses: collected in any order, sorted and merged. */
import { endianness } from 'node:os';
import type { Entry } from '../shared/entry.ts';

/** Sorted ranges that do not overlap. Words are unsigned. */
export interface Ranges {
  /**
   * Pairs of words as {@link PAIR} has them: a pair of a range is one unsigned integer of 64 bits, the first address on top.
   * No range touches another.
   */
  readonly ipv4: Uint32Array;
  /** Eight words each: the first address, the last one. Each is an entry as it was added: an address, or a CIDR range. */
  readonly ipv6: Uint32Array;
}

/** The places of the first and the last address in a pair of words. */
export const PAIR: { readonly first: 0 | 1; readonly last: 0 | 1 } =
  endianness() === 'LE' ? { first: 1, last: 0 } : { first: 0, last: 1 };

/** Words of one range of each family. */
export const IPV4_WORDS = 2;
export const IPV6_WORDS = 8;
const ADDRESS_WORDS = 4;
const MAX_WORD = 0xffff_ffff;
const FIRST_CAPACITY = 1_024;

/** Collects entries as ranges. */
export class RangeCollector {
  #ipv4 = new Uint32Array(FIRST_CAPACITY);
  #ipv4Length = 0;
  #ipv6 = new Uint32Array(FIRST_CAPACITY);
  #ipv6Length = 0;

  add({ family, first, last }: Entry): void {
    if (family === 4) {
      if (this.#ipv4Length === this.#ipv4.length) this.#ipv4 = grown(this.#ipv4);
      this.#ipv4[this.#ipv4Length + PAIR.first] = first[0]!;
      this.#ipv4[this.#ipv4Length + PAIR.last] = last[0]!;
      this.#ipv4Length += IPV4_WORDS;
      return;
    }
    if (this.#ipv6Length === this.#ipv6.length) this.#ipv6 = grown(this.#ipv6);
    this.#ipv6.set(first, this.#ipv6Length);
    this.#ipv6.set(last, this.#ipv6Length + ADDRESS_WORDS);
    this.#ipv6Length += IPV6_WORDS;
  }

  /** All ranges added so far. The collector cannot be used after this. */
  merge(): Ranges {
    return {
      ipv4: mergeIpv4(this.#ipv4.subarray(0, this.#ipv4Length)),
      ipv6: mergeIpv6(this.#ipv6.subarray(0, this.#ipv6Length)),
    };
  }
}

/** All ranges of several lists in one. */
export function mergeRanges(lists: readonly Ranges[]): Ranges {
  return {
    ipv4: mergeIpv4(concatenate(lists.map((l) => l.ipv4))),
    ipv6: mergeIpv6(concatenate(lists.map((l) => l.ipv6))),
  };
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Sorts `pairs` in place: as integers of 64 bits, which needs no comparing function. */
function mergeIpv4(pairs: Uint32Array): Uint32Array {
  new BigUint64Array(pairs.buffer, pairs.byteOffset, pairs.length / IPV4_WORDS).sort();
  const merged = new Uint32Array(pairs.length);
  let length = 0;
  for (let at = 0; at < pairs.length; at += IPV4_WORDS) {
    const first = pairs[at + PAIR.first]!;
    const last = pairs[at + PAIR.last]!;
    const before = length - IPV4_WORDS + PAIR.last;
    // A range that touches the one before is merged, too. No range begins above the last of all addresses.
    if (length > 0 && first <= Math.min(MAX_WORD, merged[before]! + 1)) {
      if (last > merged[before]!) merged[before] = last;
      continue;
    }
    merged[length + PAIR.first] = first;
    merged[length + PAIR.last] = last;
    length += IPV4_WORDS;
  }
  return merged.slice(0, length);
}

function mergeIpv6(words: Uint32Array): Uint32Array {
  const order = new Uint32Array(words.length / IPV6_WORDS).map((_, index) => index * IPV6_WORDS);
  order.sort((a, b) => compareAddresses(words, a, words, b));
  const merged = new Uint32Array(words.length);
  let length = 0;
  for (const at of order) {
    const before = length - ADDRESS_WORDS;
    if (length > 0 && compareAddresses(words, at, merged, before) <= 0) {
      if (compareAddresses(words, at + ADDRESS_WORDS, merged, before) > 0) {
        merged.set(words.subarray(at + ADDRESS_WORDS, at + IPV6_WORDS), before);
      }
      continue;
    }
    merged.set(words.subarray(at, at + IPV6_WORDS), length);
    length += IPV6_WORDS;
  }
  return merged.slice(0, length);
}

/** Negative, 0 or positive if an address of four words is below, equal to or above another one. */
function compareAddresses(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    const difference = a[aAt + word]! - b[bAt + word]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
