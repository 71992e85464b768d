/** A table of scores for addresses and CIDR ranges of both families. Looking a client up allocates nothing. */

/** An address as its bytes; an address view of `@spop/codec` is one. */
export interface AddressBytes {
  /** 4 with bytes 0 to 3, or 6 with bytes 0 to 15. */
  readonly family: 4 | 6;
  byteAt(index: number): number;
}

/** A CIDR range and its score. IPv4 is kept as IPv6, `::ffff:a.b.c.d`: 10.0.0.0/8 is ::ffff:10.0.0.0/104. */
export interface ScoredRange {
  /** The range's first address as one number of 128 bits. */
  readonly first: bigint;
  /** The number of leading bits that the range's addresses share, 0 to 128. */
  readonly bits: number;
  /** 0 (nothing known) to 100 (worst). */
  readonly score: number;
}

const ADDRESS_BITS = 128;
const WORDS = 4;
const IPV4_FIRST = 0xffff_0000_0000n;
const IPV4_BITS = 96;

/** Every table begins with these: score 0 for all addresses, and again for IPv4, so that `::/0` in a list means only IPv6. */
const GROUND: readonly ScoredRange[] = [
  { first: 0n, bits: 0, score: 0 },
  { first: IPV4_FIRST, bits: IPV4_BITS, score: 0 },
];

/**
 * The scores of ranges that may contain each other; the most specific range wins.
 *
 * Two ranges are either apart or one contains the other, so all of them together cut the addresses into stretches of one
 * score each. These are put in order when the table is made, and a look-up is a binary search: 21 steps in a list of a
 * million.
 */
export class ScoreTable {
  /** The number of ranges that the table was made from. */
  readonly size: number;
  /** The first address of each stretch, as four words of 32 bits. */
  readonly #starts: Uint32Array;
  readonly #scores: Uint8Array;
  /** The address that is being looked up. */
  readonly #key: Uint32Array = new Uint32Array(WORDS);

  /** @param ranges in any order; of two that are the same, the later one counts. */
  constructor(ranges: readonly ScoredRange[]) {
    const stretches = cutIntoStretches([...GROUND, ...ranges]);
    this.size = ranges.length;
    this.#scores = Uint8Array.from(stretches, (stretch) => stretch.score);
    this.#starts = new Uint32Array(stretches.length * WORDS);
    for (const [index, { first }] of stretches.entries()) {
      for (let word = 0; word < WORDS; word++) {
        this.#starts[index * WORDS + word] = Number((first >> BigInt(32 * (WORDS - 1 - word))) & 0xffff_ffffn);
      }
    }
  }

  /** The score of the most specific range that contains `address`, 0 to 100; 0 if none does. */
  score(address: AddressBytes): number {
    this.#readKey(address);
    let low = 0;
    let high = this.#scores.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#startsAfterKey(middle)) high = middle - 1;
      else low = middle;
    }
    return this.#scores[low] ?? 0;
  }

  #readKey(address: AddressBytes): void {
    const key = this.#key;
    if (address.family === 4) {
      key[0] = 0;
      key[1] = 0;
      key[2] = 0xffff;
      key[3] = wordAt(address, 0);
      return;
    }
    for (let word = 0; word < WORDS; word++) key[word] = wordAt(address, word * 4);
  }

  #startsAfterKey(stretch: number): boolean {
    for (let word = 0; word < WORDS; word++) {
      const start = this.#starts[stretch * WORDS + word] ?? 0;
      const key = this.#key[word] ?? 0;
      if (start !== key) return start > key;
    }
    return false;
  }
}

/** Four bytes as an integer of 32 bits; a Uint32Array removes its sign. */
function wordAt(address: AddressBytes, index: number): number {
  return (
    (address.byteAt(index) << 24) |
    (address.byteAt(index + 1) << 16) |
    (address.byteAt(index + 2) << 8) |
    address.byteAt(index + 3)
  );
}

interface Stretch {
  readonly first: bigint;
  readonly score: number;
}

/** Sweeps over the ranges in the order of their first addresses, with those that are still open on a stack. */
function cutIntoStretches(ranges: ScoredRange[]): Stretch[] {
  ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.bits - b.bits));
  const stretches: Stretch[] = [];
  const open: { readonly next: bigint; readonly score: number }[] = [];

  const begin = (first: bigint, score: number): void => {
    // A stretch that begins at the same address as the one before replaces it.
    if (stretches.at(-1)?.first === first) stretches.pop();
    stretches.push({ first, score });
  };
  const closeUntil = (address: bigint): void => {
    for (let top = open.at(-1); top !== undefined && top.next <= address; top = open.at(-1)) {
      open.pop();
      const around = open.at(-1);
      if (around !== undefined) begin(top.next, around.score);
    }
  };

  for (const { first, bits, score } of ranges) {
    closeUntil(first);
    begin(first, score);
    open.push({ next: first + (1n << BigInt(ADDRESS_BITS - bits)), score });
  }
  closeUntil(1n << BigInt(ADDRESS_BITS));
  // A range at the end of all addresses would close past the last address.
  return stretches.filter((stretch) => stretch.first < 1n << BigInt(ADDRESS_BITS));
}
