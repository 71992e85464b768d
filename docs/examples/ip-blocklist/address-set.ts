/** A set of addresses of both families. Looking one up allocates nothing. */
import { IPV4_WORDS, IPV6_WORDS, PAIR, type Ranges } from './ranges.ts';

/** An address as its words of 32 bits; what a handler gets of an argument `address` is one. */
export interface AddressWords {
  /** 4 with word 0, or 6 with words 0 to 3. */
  readonly family: 4 | 6;
  /** A signed integer. */
  wordAt(index: number): number;
}

/** Arrays that a look-up runs through; they can be handed from thread to thread. */
export interface AddressTables {
  readonly ipv4: FamilyTable;
  readonly ipv6: FamilyTable;
}

/** The ranges of one family, sorted and apart from each other, and where to begin to search them. */
interface FamilyTable {
  /** First and last address of each range. Words have their top bit flipped, so that signed integers are in order. */
  readonly firsts: Int32Array<ArrayBuffer>;
  readonly lasts: Int32Array<ArrayBuffer>;
  /** How many leading bits the first addresses of all ranges have in common. */
  readonly commonBits: number;
  /** By the next bits of an address: how many ranges begin with smaller ones. Once more at the end, with all ranges. */
  readonly index: Int32Array<ArrayBuffer>;
  /** How many bits choose a place in the index. */
  readonly indexBits: number;
}

const TOP_BIT = 0x8000_0000 | 0;
const MAX_INDEX_BITS = 16;
const ADDRESS_WORDS = 4;

/** Lays out ranges for {@link AddressSet}: 8 bytes a range of IPv4, 32 of IPv6, and at most 256 KiB more for each family. */
export function layOut({ ipv4, ipv6 }: Ranges): AddressTables {
  return {
    ipv4: layOutFamily(
      1,
      ipv4.length / IPV4_WORDS,
      (range, last) => ipv4[range * IPV4_WORDS + (last ? PAIR.last : PAIR.first)]!,
    ),
    ipv6: layOutFamily(
      ADDRESS_WORDS,
      ipv6.length / IPV6_WORDS,
      (range, last, word) => ipv6[range * IPV6_WORDS + (last ? ADDRESS_WORDS : 0) + word]!,
    ),
  };
}

function layOutFamily(
  words: 1 | 4,
  count: number,
  wordOf: (range: number, last: boolean, word: number) => number,
): FamilyTable {
  const firsts = new Int32Array(count * words);
  const lasts = new Int32Array(count * words);
  for (let range = 0; range < count; range++) {
    for (let word = 0; word < words; word++) {
      firsts[range * words + word] = wordOf(range, false, word) ^ TOP_BIT;
      lasts[range * words + word] = wordOf(range, true, word) ^ TOP_BIT;
    }
  }
  const commonBits = count === 0 ? 0 : countCommonBits(firsts, words);
  const indexBits = Math.min(MAX_INDEX_BITS, words * 32 - commonBits, Math.ceil(Math.log2(count + 1)));
  const index = new Int32Array((1 << indexBits) + 1);
  const at = (range: number, word: number): number => (word < words ? firsts[range * words + word]! ^ TOP_BIT : 0);
  const from = commonBits >>> 5;
  for (let range = 0; range < count; range++) {
    index[bitsAt(at(range, from), at(range, from + 1), commonBits & 31, indexBits) + 1]!++;
  }
  for (let place = 1; place < index.length; place++) index[place]! += index[place - 1]!;
  return { firsts, lasts, commonBits, index, indexBits };
}

/** How many leading bits all first addresses share: as many as the smallest and the largest of them. */
function countCommonBits(firsts: Int32Array, words: number): number {
  for (let word = 0; word < words; word++) {
    const difference = firsts[word]! ^ firsts[firsts.length - words + word]!;
    if (difference !== 0) return word * 32 + Math.clz32(difference);
  }
  // There is one range: no bit is needed to tell it from others.
  return words * 32 - 1;
}

/** `count` bits, 0 to 16, of two words that follow each other, from bit `from` of the first one, 0 to 31. */
function bitsAt(word: number, next: number, from: number, count: number): number {
  if (count === 0) return 0;
  const aligned = from === 0 ? word : (word << from) | (next >>> (32 - from));
  return aligned >>> (32 - count);
}

/** Which addresses are in a set that never changes. */
export class AddressSet {
  readonly #ipv4: FamilyTable;
  readonly #ipv6: FamilyTable;

  constructor({ ipv4, ipv6 }: AddressTables) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  /** How many bytes its tables take. */
  get byteLength(): { readonly ipv4: number; readonly ipv6: number } {
    const bytes = ({ firsts, lasts, index }: FamilyTable): number =>
      firsts.byteLength + lasts.byteLength + index.byteLength;
    return { ipv4: bytes(this.#ipv4), ipv6: bytes(this.#ipv6) };
  }

  /** Whether the address is in it. An IPv4 address that is mapped to IPv6 has to come as the IPv4 address it is. */
  has(address: AddressWords): boolean {
    return address.family === 4
      ? this.hasIpv4(address.wordAt(0))
      : this.hasIpv6(address.wordAt(0), address.wordAt(1), address.wordAt(2), address.wordAt(3));
  }

  /** @param address as a signed or unsigned integer of 32 bits. */
  hasIpv4(address: number): boolean {
    const { firsts, lasts, index, commonBits, indexBits } = this.#ipv4;
    const count = firsts.length;
    const key = address ^ TOP_BIT;
    if (count === 0 || key < firsts[0]!) return false;
    if (key >= firsts[count - 1]!) return key <= lasts[count - 1]!;
    // Between the smallest and the largest it has the bits that those have in common.
    const place = bitsAt(address, 0, commonBits, indexBits);
    let low = index[place]!;
    let high = index[place + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firsts[middle]! <= key) low = middle + 1;
      else high = middle;
    }
    return key <= lasts[low - 1]!;
  }

  /** @param a the first of four words, signed or unsigned integers of 32 bits. */
  hasIpv6(a: number, b: number, c: number, d: number): boolean {
    const { firsts, lasts, index, commonBits, indexBits } = this.#ipv6;
    const end = firsts.length;
    if (end === 0 || isAbove(firsts, 0, a, b, c, d)) return false;
    if (!isAbove(firsts, end - ADDRESS_WORDS, a, b, c, d)) return !isBelow(lasts, end - ADDRESS_WORDS, a, b, c, d);
    const word = commonBits >>> 5;
    const place = bitsAt(
      word === 0 ? a : word === 1 ? b : word === 2 ? c : d,
      word === 0 ? b : word === 1 ? c : word === 2 ? d : 0,
      commonBits & 31,
      indexBits,
    );
    let low = index[place]!;
    let high = index[place + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAbove(firsts, middle * ADDRESS_WORDS, a, b, c, d)) high = middle;
      else low = middle + 1;
    }
    return !isBelow(lasts, (low - 1) * ADDRESS_WORDS, a, b, c, d);
  }
}

/** Whether the flipped address at `at` is above a, b, c, d. */
function isAbove(words: Int32Array, at: number, a: number, b: number, c: number, d: number): boolean {
  if (words[at] !== (a ^ TOP_BIT)) return words[at]! > (a ^ TOP_BIT);
  if (words[at + 1] !== (b ^ TOP_BIT)) return words[at + 1]! > (b ^ TOP_BIT);
  if (words[at + 2] !== (c ^ TOP_BIT)) return words[at + 2]! > (c ^ TOP_BIT);
  return words[at + 3]! > (d ^ TOP_BIT);
}

/** Whether the flipped address at `at` is below a, b, c, d. */
function isBelow(words: Int32Array, at: number, a: number, b: number, c: number, d: number): boolean {
  if (words[at] !== (a ^ TOP_BIT)) return words[at]! < (a ^ TOP_BIT);
  if (words[at + 1] !== (b ^ TOP_BIT)) return words[at + 1]! < (b ^ TOP_BIT);
  if (words[at + 2] !== (c ^ TOP_BIT)) return words[at + 2]! < (c ^ TOP_BIT);
  return words[at + 3]! < (d ^ TOP_BIT);
}
