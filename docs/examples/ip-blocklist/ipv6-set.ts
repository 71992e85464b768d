/**
 * A set of IPv6 addresses: sorted ranges, and a tree that leads to the few ranges to search for an address. Most
 * slots of the tree are empty, so that most look-ups end there (`pnpm run bench:blocklist`).
 */
import { IPV6_WORDS } from './ranges.ts';

/** The arrays of a set, which can be passed between threads. */
export interface Ipv6Table {
  /** First and last address of each range, four words each. Their top bits are flipped: so signed integers are in order. */
  readonly ranges: Int32Array<ArrayBuffer>;
  /**
   * Nodes, the root first. A node has the number of its first range and of the one after its last, the first address bit that
   * it reads, the number of bits it reads, and four words with the bits before those. Then follow a bit for each value of its
   * bits, set if the slot is not empty, and a slot for each value: its first range and, in the low bits, the number of its
   * ranges; or `~` the place of a node.
   */
  readonly nodes: Int32Array<ArrayBuffer>;
}

const TOP_BIT = 0x8000_0000 | 0;
const WORDS = 4;
/** Words of a node before its bits and slots, and the place in them of the bits that all its addresses share. */
const HEADER = 8;
const PREFIX = 4;
/** Bits that the root reads, for any ranges: addresses in use have few different beginnings. */
const ROOT_BITS = 16;
const MAX_BITS = 24;
const FIRST_CAPACITY = 0x2_0000;
/** A node has 4 to 8 slots a range. */
const SPARSE_BITS = 2;
/** Up to this number of ranges is searched without a further node. */
const FEW = 8;
const COUNT_BITS = 4;
/** A slot without a range: the smallest integer of 32 bits, which is `~` of no place. */
const NOTHING = 0x8000_0000 | 0;

/** Lays out the IPv6 ranges of `Ranges`: 32 bytes a range, 16 to 32 for the tree, and 256 KiB. */
export function layOutIpv6(words: Uint32Array): Ipv6Table {
  const ranges = new Int32Array(words.length);
  for (let at = 0; at < words.length; at++) ranges[at] = words[at]! ^ TOP_BIT;
  const tree = new Tree(ranges);
  tree.addNode(0, ranges.length / IPV6_WORDS, 0, ROOT_BITS);
  return { ranges, nodes: tree.toNodes() };
}

class Tree {
  #nodes: Int32Array<ArrayBuffer> = new Int32Array(FIRST_CAPACITY);
  #length = 0;
  readonly #ranges: Int32Array;

  constructor(ranges: Int32Array) {
    this.#ranges = ranges;
  }

  toNodes(): Int32Array<ArrayBuffer> {
    return this.#nodes.slice(0, this.#length);
  }

  /** Adds the node of the ranges from `low` to `high`, which have their first `bit` bits in common. @returns its place. */
  addNode(low: number, high: number, bit: number, bits: number): number {
    const place = this.#length;
    const slots = place + HEADER + bitWords(bits);
    const count = 1 << bits;
    this.#reserve(slots + count);
    this.#nodes.set([low, high, bit, bits], place);
    if (low < high) this.#nodes.set(this.#ranges.subarray(low * IPV6_WORDS, low * IPV6_WORDS + WORDS), place + PREFIX);
    this.#nodes.fill(NOTHING, slots, slots + count);
    // The range before may reach into the first slots.
    if (low > 0 && this.#commonBits(low * IPV6_WORDS, (low - 1) * IPV6_WORDS + WORDS) >= bit) {
      this.#nodes.fill(low << COUNT_BITS, slots, slots + this.#slotOf(low - 1, WORDS, bit, bits) + 1);
    }
    for (let range = low; range < high;) {
      const slot = this.#slotOf(range, 0, bit, bits);
      const first = range;
      while (range < high && this.#slotOf(range, 0, bit, bits) === slot) range++;
      const last = range - 1;
      const isInside = this.#commonBits(last * IPV6_WORDS, last * IPV6_WORDS + WORDS) >= bit;
      const lastSlot = isInside ? this.#slotOf(last, WORDS, bit, bits) : count - 1;
      this.#nodes.fill(range << COUNT_BITS, slots + slot + 1, slots + lastSlot + 1);
      // Adding a node may move all of them elsewhere.
      const entry = this.#slotFor(first, range);
      this.#nodes[slots + slot] = entry;
    }
    for (let slot = 0; slot < count; slot++) {
      if (this.#nodes[slots + slot] !== NOTHING) this.#nodes[place + HEADER + (slot >>> 5)]! |= 1 << (slot & 31);
    }
    return place;
  }

  #reserve(length: number): void {
    this.#length = length;
    if (length <= this.#nodes.length) return;
    const larger = new Int32Array(Math.max(length, this.#nodes.length * 2));
    larger.set(this.#nodes);
    this.#nodes = larger;
  }

  #slotFor(first: number, next: number): number {
    const count = next - first;
    if (count <= FEW) return (first << COUNT_BITS) | count;
    const common = this.#commonBits(first * IPV6_WORDS, (next - 1) * IPV6_WORDS);
    const bits = Math.min(MAX_BITS, 128 - common, Math.ceil(Math.log2(count)) + SPARSE_BITS);
    return ~this.addNode(first, next, common, bits);
  }

  /** The slot of a range's first address, or with `WORDS` of its last one. */
  #slotOf(range: number, word: number, bit: number, bits: number): number {
    const at = range * IPV6_WORDS + word + (bit >>> 5);
    const next = bit >>> 5 === WORDS - 1 ? TOP_BIT : this.#ranges[at + 1]!;
    return bitsAt(this.#ranges[at]! ^ TOP_BIT, next ^ TOP_BIT, bit & 31, bits);
  }

  /** The number of leading bits that two addresses have in common. */
  #commonBits(one: number, other: number): number {
    for (let word = 0; word < WORDS; word++) {
      const difference = this.#ranges[one + word]! ^ this.#ranges[other + word]!;
      if (difference !== 0) return word * 32 + Math.clz32(difference);
    }
    return WORDS * 32;
  }
}

/** The number of words for the bits of a node. */
function bitWords(bits: number): number {
  return bits < 5 ? 1 : 1 << (bits - 5);
}

/** `count` bits, 1 to 24, of two words that follow each other, from bit `from` of the first one, 0 to 31. */
function bitsAt(word: number, next: number, from: number, count: number): number {
  const aligned = from === 0 ? word : (word << from) | (next >>> (32 - from));
  return aligned >>> (32 - count);
}

/** A set of IPv6 addresses that never changes. */
export class Ipv6Set {
  readonly #ranges: Int32Array;
  readonly #nodes: Int32Array;

  constructor({ ranges, nodes }: Ipv6Table) {
    this.#ranges = ranges;
    this.#nodes = nodes;
  }

  /** @param a the first of four words, signed or unsigned integers of 32 bits. */
  has(a: number, b: number, c: number, d: number): boolean {
    const nodes = this.#nodes;
    let node = 0;
    let slot = a >>> (32 - ROOT_BITS);
    for (;;) {
      const bits = nodes[node + 3]!;
      if (((nodes[node + HEADER + (slot >>> 5)]! >>> (slot & 31)) & 1) === 0) return false;
      slot = nodes[node + HEADER + bitWords(bits) + slot]!;
      if (slot >= 0) break;
      node = ~slot;
      const bit = nodes[node + 2]!;
      const order = comparePrefix(nodes, node + PREFIX, bit, a, b, c, d);
      // An address below or above all ranges of the node can only be in the range that begins before it.
      if (order !== 0) return this.#isWithin(nodes[order < 0 ? node : node + 1]! - 1, a, b, c, d);
      const word = bit >>> 5;
      const here = word === 0 ? a : word === 1 ? b : word === 2 ? c : d;
      const next = word === 0 ? b : word === 1 ? c : word === 2 ? d : 0;
      slot = bitsAt(here, next, bit & 31, nodes[node + 3]!);
    }
    let range = slot >>> COUNT_BITS;
    for (let left = slot & ((1 << COUNT_BITS) - 1); left > 0; left--, range++) {
      if (isAbove(this.#ranges, range * IPV6_WORDS, a, b, c, d)) break;
    }
    return this.#isWithin(range - 1, a, b, c, d);
  }

  /** Whether an address that is not below the first one of `range` is not above its last one, if there is such a range. */
  #isWithin(range: number, a: number, b: number, c: number, d: number): boolean {
    if (range < 0) return false;
    const at = range * IPV6_WORDS + WORDS;
    return isAbove(this.#ranges, at, a, b, c, d) || isEqual(this.#ranges, at, a, b, c, d);
  }
}

/** Negative, 0 or positive if the first `bits` bits of an address are below, equal to, or above those at `at`. */
function comparePrefix(
  words: Int32Array,
  at: number,
  bits: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  for (let word = 0; word * 32 < bits; word++) {
    const shift = Math.max(0, (word + 1) * 32 - bits);
    const here = ((word === 0 ? a : word === 1 ? b : word === 2 ? c : d) ^ TOP_BIT) >> shift;
    const prefix = words[at + word]! >> shift;
    if (here !== prefix) return here < prefix ? -1 : 1;
  }
  return 0;
}

/** Whether the flipped address at `at` is above a, b, c, d. */
function isAbove(words: Int32Array, at: number, a: number, b: number, c: number, d: number): boolean {
  if (words[at] !== (a ^ TOP_BIT)) return words[at]! > (a ^ TOP_BIT);
  if (words[at + 1] !== (b ^ TOP_BIT)) return words[at + 1]! > (b ^ TOP_BIT);
  if (words[at + 2] !== (c ^ TOP_BIT)) return words[at + 2]! > (c ^ TOP_BIT);
  return words[at + 3]! > (d ^ TOP_BIT);
}

function isEqual(words: Int32Array, at: number, a: number, b: number, c: number, d: number): boolean {
  return (
    words[at] === (a ^ TOP_BIT) &&
    words[at + 1] === (b ^ TOP_BIT) &&
    words[at + 2] === (c ^ TOP_BIT) &&
    words[at + 3] === (d ^ TOP_BIT)
  );
}
