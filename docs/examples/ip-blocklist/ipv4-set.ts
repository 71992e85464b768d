import { setBits } from './set-bits.ts';

/**
 * A set of IPv4 addresses: a bit for each /24 that says whether any of it is listed, which answers nearly all look-ups; and
 * sorted ranges, cut at every /16, with the first one of each /16.
 *
 * A look-up spends more time waiting for memory than computing. The bits are one line of the processor's cache, the ranges
 * two or three more (`pnpm run bench:blocklist`).
 */
import { IPV4_WORDS, PAIR } from './ranges.ts';

/** The arrays of a set, which can be passed between threads. */
export interface Ipv4Table {
  /** A bit for each /24, the lowest bit of a word first. */
  readonly used: Int32Array<ArrayBuffer>;
  /** The low 16 bits of the first and the last address of each range, one after the other. */
  readonly ranges: Uint16Array<ArrayBuffer>;
  /** The first range of each high 16 bits of an address; one more at the end, for the end of all ranges. */
  readonly index: Int32Array<ArrayBuffer>;
}

const PLACES = 0x1_0000;
const LOW_BITS = 0xffff;

/** Lays out the IPv4 pairs of `Ranges`: 4 bytes a range, 4 more for each further /16 of a large one, and 2.25 MiB. */
export function layOutIpv4(pairs: Uint32Array): Ipv4Table {
  let count = 0;
  for (let at = 0; at < pairs.length; at += IPV4_WORDS) {
    count += 1 + (pairs[at + PAIR.last]! >>> 16) - (pairs[at + PAIR.first]! >>> 16);
  }
  const ranges = new Uint16Array(2 * count);
  const index = new Int32Array(PLACES + 1);
  const used = new Int32Array(PLACES * 8);
  let length = 0;
  for (let at = 0; at < pairs.length; at += IPV4_WORDS) {
    const first = pairs[at + PAIR.first]!;
    const last = pairs[at + PAIR.last]!;
    setBits(used, first >>> 8, last >>> 8);
    for (let place = first >>> 16; place <= last >>> 16; place++) {
      ranges[length] = place === first >>> 16 ? first & LOW_BITS : 0;
      ranges[length + 1] = place === last >>> 16 ? last & LOW_BITS : LOW_BITS;
      length += 2;
      index[place + 1] = length / 2;
    }
  }
  for (let place = 1; place <= PLACES; place++) index[place] ||= index[place - 1]!;
  return { used, ranges, index };
}

/** A set of IPv4 addresses that never changes. */
export class Ipv4Set {
  readonly #used: Int32Array;
  readonly #ranges: Uint16Array;
  readonly #index: Int32Array;

  constructor({ used, ranges, index }: Ipv4Table) {
    this.#used = used;
    this.#ranges = ranges;
    this.#index = index;
  }

  /** @param address a signed or unsigned integer of 32 bits. */
  has(address: number): boolean {
    return ((this.#used[address >>> 13]! >>> ((address >>> 8) & 31)) & 1) !== 0 && this.#isListed(address);
  }

  #isListed(address: number): boolean {
    const ranges = this.#ranges;
    const low16 = address & LOW_BITS;
    const start = this.#index[address >>> 16]!;
    let low = start;
    let high = this.#index[(address >>> 16) + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[2 * middle]! <= low16) low = middle + 1;
      else high = middle;
    }
    return low > start && low16 <= ranges[2 * low - 1]!;
  }
}
