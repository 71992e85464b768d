/** An address or a CIDR range as its words of 32 bits, read from bytes without making text. */
import { parseAddressBytes } from '@spop/agent';

const SLASH = 0x2f;
const ZERO = 0x30;
const MAPPED_BITS = 96;
const MAPPED_WORD = 0xffff;

/** An address as its words of 32 bits; a handler's argument `address` is one. */
export interface AddressWords {
  /** 4 with word 0, or 6 with words 0 to 3. */
  readonly family: 4 | 6;
  /** A signed integer. */
  wordAt(index: number): number;
}

/** An entry that each call of {@link Entry.read} fills again. */
export class Entry implements AddressWords {
  family: 4 | 6 = 4;
  /** Number of leading bits that the range's addresses have in common: 0 to 32 of IPv4, 0 to 128 of IPv6. */
  prefixLength: number = 32;
  /** The range's first and last address: one word of 32 bits of IPv4, four of IPv6. */
  readonly first: Uint32Array = new Uint32Array(4);
  readonly last: Uint32Array = new Uint32Array(4);
  readonly #parsed: DataView = new DataView(new ArrayBuffer(16));
  readonly #parsedBytes: Uint8Array = new Uint8Array(this.#parsed.buffer);

  /** A word of the first address. */
  wordAt(index: number): number {
    return this.first[index]! | 0;
  }

  /**
   * Reads the entry in all bytes from `from` to `to`. Bits after the prefix are ignored: 10.1.2.3/8 is 10.0.0.0/8. An address
   * mapped to IPv6 is IPv4: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
   *
   * @returns whether it is an address or a range; if not, the entry's values have no meaning.
   */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    let end = from;
    while (end < to && bytes[end] !== SLASH) end++;
    const size = parseAddressBytes(bytes, from, end, this.#parsedBytes);
    if (size === 0) return false;
    const width = size * 8;
    const prefix = end < to ? readPrefix(bytes, end + 1, to, width) : width;
    if (prefix < 0) return false;
    const words = this.#parsed;
    if (size === 4) this.#setIpv4(words.getUint32(0), prefix);
    else if (prefix >= MAPPED_BITS && isMapped(words)) this.#setIpv4(words.getUint32(12), prefix - MAPPED_BITS);
    else this.#setIpv6(prefix);
    return true;
  }

  #setIpv4(address: number, prefix: number): void {
    this.family = 4;
    this.prefixLength = prefix;
    const mask = hostMask(32 - prefix);
    this.first[0] = address & ~mask;
    this.last[0] = address | mask;
  }

  #setIpv6(prefix: number): void {
    this.family = 6;
    this.prefixLength = prefix;
    for (let word = 0; word < 4; word++) {
      const mask = hostMask(Math.min(32, Math.max(0, 32 * (word + 1) - prefix)));
      const address = this.#parsed.getUint32(4 * word);
      this.first[word] = address & ~mask;
      this.last[word] = address | mask;
    }
  }
}

/** Whether it is an IPv4 address mapped to IPv6 (RFC 4291 §2.5.5.2). */
function isMapped(words: DataView): boolean {
  return words.getUint32(0) === 0 && words.getUint32(4) === 0 && words.getUint32(8) === MAPPED_WORD;
}

/** An integer of 32 bits with this number of low bits set, 0 to 32. */
function hostMask(bits: number): number {
  return bits === 32 ? -1 : (1 << bits) - 1;
}

/** A prefix length of 0 to `max`, without leading zeros; -1 for any other text. */
function readPrefix(bytes: Uint8Array, from: number, to: number, max: number): number {
  if (from >= to || to - from > 3 || (bytes[from] === ZERO && to - from > 1)) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > max ? -1 : value;
}
