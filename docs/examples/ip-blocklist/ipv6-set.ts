import { setBits } from './set-bits.ts';

/**
 * A set of IPv6 addresses: sorted blocks (a block is an address or a CIDR range), and a tree that leads to the few blocks to
 * search for an address. Each node has bits that say which of its addresses may be listed; nearly all look-ups end there
 * (`pnpm run bench:blocklist`).
 */
import { IPV6_WORDS } from './ranges.ts';

/** The arrays of a set, which can be passed between threads. */
export interface Ipv6Table {
  /** First and last address of each block, four words each. Their top bits are flipped: so signed integers are in order. */
  readonly blocks: Int32Array<ArrayBuffer>;
  /**
   * A slot for each value of the first 16 bits of an address, then the nodes. A slot has the first block of its addresses and, in
   * the low bits, the number of its blocks, or `~` the place of a node.
   *
   * A node has the first address bit that it reads, and the number of bits it reads. The bits before those, which all its blocks
   * share, are not checked on the way: the block at the end is. Then follow a bit for each value of its bits, set if an address
   * with them may be listed, and the slots, one for each `1 << FINE_BITS` values.
   */
  readonly nodes: Int32Array<ArrayBuffer>;
}

const TOP_BIT = 0x8000_0000 | 0;
const WORDS = 4;
/** Words of a node before its bits. */
const HEADER = 2;
/** Bits that the root reads, for any blocks: addresses in use have few different beginnings. */
const ROOT_BITS = 16;
/** A node has 2 to 4 slots a block, and 8 bits a slot: single addresses set 3 to 6 % of its bits. */
const SPARSE_BITS = 1;
const FINE_BITS = 3;
const MAX_BITS = 24;
/** Up to this number of blocks is searched without a further node. */
const FEW = 8;
const COUNT_BITS = 4;
/** A slot without a block: the smallest integer of 32 bits, which is `~` of no place. */
const NOTHING = 0x8000_0000 | 0;

/**
 * Lays out the IPv6 blocks of `Ranges`: 32 bytes a block, 10 to 20 for the tree, and 256 KiB.
 *
 * As no block contains another, one that begins among the addresses of a node or a slot also ends there, unless it covers
 * several slots of its node as a whole.
 */
export function layOutIpv6(words: Uint32Array): Ipv6Table {
  const blocks = new Int32Array(words.length);
  for (let at = 0; at < words.length; at++) blocks[at] = words[at]! ^ TOP_BIT;
  return { blocks, nodes: new Tree(blocks).toNodes() };
}

class Tree {
  #nodes: Int32Array<ArrayBuffer> = new Int32Array(2 << ROOT_BITS);
  #length = 1 << ROOT_BITS;
  readonly #blocks: Int32Array;

  constructor(blocks: Int32Array) {
    this.#blocks = blocks;
    this.#fillSlots(0, 0, blocks.length / IPV6_WORDS, 0, ROOT_BITS);
  }

  toNodes(): Int32Array<ArrayBuffer> {
    return this.#nodes.slice(0, this.#length);
  }

  /** Adds the node of the blocks from `low` to `high`. @returns its place. */
  #addNode(low: number, high: number): number {
    const bit = this.#commonBits(low * IPV6_WORDS, (high - 1) * IPV6_WORDS);
    const slotBits = Math.min(MAX_BITS - FINE_BITS, Math.ceil(Math.log2(high - low)) + SPARSE_BITS);
    const bits = slotBits + FINE_BITS;
    const place = this.#length;
    const slots = place + HEADER + bitWords(bits);
    this.#reserve(slots + (1 << slotBits));
    this.#nodes.set([bit, bits], place);
    for (let block = low; block < high; block++) {
      const first = this.#valueOf(block, 0, bit, bits);
      const last = this.#valueOf(block, WORDS, bit, bits);
      setBits(this.#nodes, (place + HEADER) * 32 + first, (place + HEADER) * 32 + last);
    }
    this.#fillSlots(slots, low, high, bit, slotBits);
    return place;
  }

  /** Fills the slots at a place, one for each value of `bits` bits from `bit` on. */
  #fillSlots(place: number, low: number, high: number, bit: number, bits: number): void {
    this.#nodes.fill(NOTHING, place, place + (1 << bits));
    for (let block = low; block < high;) {
      const slot = this.#valueOf(block, 0, bit, bits);
      const first = block;
      while (block < high && this.#valueOf(block, 0, bit, bits) === slot) block++;
      // A slot without blocks of its own is in the block before.
      this.#nodes.fill(block << COUNT_BITS, place + slot + 1, place + this.#valueOf(block - 1, WORDS, bit, bits) + 1);
      const count = block - first;
      // Adding a node may move all of them elsewhere.
      const entry = count <= FEW ? (first << COUNT_BITS) | count : ~this.#addNode(first, block);
      this.#nodes[place + slot] = entry;
    }
  }

  #reserve(length: number): void {
    this.#length = length;
    if (length <= this.#nodes.length) return;
    const larger = new Int32Array(Math.max(length, this.#nodes.length * 2));
    larger.set(this.#nodes);
    this.#nodes = larger;
  }

  /** `bits` bits of a block's first address, or with `WORDS` of its last one. */
  #valueOf(block: number, word: number, bit: number, bits: number): number {
    const at = block * IPV6_WORDS + word + (bit >>> 5);
    const next = bit >>> 5 === WORDS - 1 ? TOP_BIT : this.#blocks[at + 1]!;
    return bitsAt(this.#blocks[at]! ^ TOP_BIT, next ^ TOP_BIT, bit & 31, bits);
  }

  /** The number of leading bits that two addresses have in common. */
  #commonBits(one: number, other: number): number {
    for (let word = 0; word < WORDS; word++) {
      const difference = this.#blocks[one + word]! ^ this.#blocks[other + word]!;
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
  readonly #blocks: Int32Array;
  readonly #nodes: Int32Array;

  constructor({ blocks, nodes }: Ipv6Table) {
    this.#blocks = blocks;
    this.#nodes = nodes;
  }

  /** @param a the first of four words, signed or unsigned integers of 32 bits. */
  has(a: number, b: number, c: number, d: number): boolean {
    const nodes = this.#nodes;
    let slot = nodes[a >>> (32 - ROOT_BITS)]!;
    while (slot < 0) {
      if (slot === NOTHING) return false;
      const node = ~slot;
      const bit = nodes[node]!;
      const word = bit >>> 5;
      const here = word === 0 ? a : word === 1 ? b : word === 2 ? c : d;
      const next = word === 0 ? b : word === 1 ? c : word === 2 ? d : 0;
      const bits = nodes[node + 1]!;
      const value = bitsAt(here, next, bit & 31, bits);
      if (((nodes[node + HEADER + (value >>> 5)]! >>> (value & 31)) & 1) === 0) return false;
      slot = nodes[node + HEADER + bitWords(bits) + (value >>> FINE_BITS)]!;
    }
    let block = slot >>> COUNT_BITS;
    for (let left = slot & ((1 << COUNT_BITS) - 1); left > 0; left--, block++) {
      if (isAbove(this.#blocks, block * IPV6_WORDS, a, b, c, d)) break;
    }
    if (block === 0) return false;
    const at = (block - 1) * IPV6_WORDS;
    return !isAbove(this.#blocks, at, a, b, c, d) && !isBelow(this.#blocks, at + WORDS, a, b, c, d);
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
