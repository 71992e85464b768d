/** One entry of a list, an address or a CIDR range, read from bytes without making text. */

const SLASH = 0x2f;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const MAPPED_BITS = 96;
const MAPPED_WORD = 0xffff;

/** An entry that is filled anew with each call of {@link Entry.read}. */
export class Entry {
  family: 4 | 6 = 4;
  /** The range's first and last address: one word of 32 bits of IPv4, four of IPv6. */
  readonly first: Uint32Array = new Uint32Array(4);
  readonly last: Uint32Array = new Uint32Array(4);
  /** Groups of 16 bits of the IPv6 address that is being read. */
  readonly #groups: Uint16Array = new Uint16Array(8);

  /**
   * Reads the entry that is all of the bytes from `from` to `to`. Bits behind the prefix are not looked at: 10.1.2.3/8 is
   * 10.0.0.0/8. What is mapped to IPv6 is IPv4: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
   *
   * @returns whether it is an address or a range; if not, nothing of the entry is of use.
   */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    let end = from;
    let isIpv6 = false;
    for (; end < to && bytes[end] !== SLASH; end++) isIpv6 ||= bytes[end] === COLON;
    const isRange = end < to;
    const width = isIpv6 ? 128 : 32;
    const prefix = isRange ? readDecimal(bytes, end + 1, to, width) : width;
    if (prefix < 0) return false;
    if (!isIpv6) {
      const address = readIpv4(bytes, from, end);
      if (address < 0) return false;
      this.#setIpv4(address, prefix);
      return true;
    }
    if (!this.#readIpv6(bytes, from, end)) return false;
    const { first } = this;
    const isMapped = first[0] === 0 && first[1] === 0 && first[2] === MAPPED_WORD && prefix >= MAPPED_BITS;
    if (isMapped) this.#setIpv4(first[3]!, prefix - MAPPED_BITS);
    else this.#setIpv6(prefix);
    return true;
  }

  #setIpv4(address: number, prefix: number): void {
    this.family = 4;
    const mask = hostMask(32 - prefix);
    this.first[0] = address & ~mask;
    this.last[0] = address | mask;
  }

  /** The address stands in `first`. */
  #setIpv6(prefix: number): void {
    this.family = 6;
    for (let word = 0; word < 4; word++) {
      const mask = hostMask(Math.min(32, Math.max(0, 32 * (word + 1) - prefix)));
      const address = this.first[word]!;
      this.first[word] = address & ~mask;
      this.last[word] = address | mask;
    }
  }

  /** RFC 4291 §2.2: eight groups, one `::` for one or more of 0, and the last two perhaps as an IPv4 address. */
  #readIpv6(bytes: Uint8Array, from: number, to: number): boolean {
    const groups = this.#groups.fill(0);
    let count = 0;
    /** How many groups stand before `::`. */
    let gap = -1;
    let at = from;
    if (bytes[at] === COLON && bytes[at + 1] === COLON) {
      gap = 0;
      at += 2;
    }
    while (at < to) {
      let end = at;
      let hasDot = false;
      for (; end < to && bytes[end] !== COLON; end++) hasDot ||= bytes[end] === DOT;
      if (end === to && hasDot) {
        const embedded = readIpv4(bytes, at, to);
        if (embedded < 0 || count > 6) return false;
        groups[count++] = embedded >>> 16;
        groups[count++] = embedded & 0xffff;
        break;
      }
      const group = readGroup(bytes, at, end);
      if (group < 0 || count === 8) return false;
      groups[count++] = group;
      if (end === to) break;
      at = end + 1;
      if (bytes[at] === COLON && at < to) {
        if (gap >= 0) return false;
        gap = count;
        at++;
      } else if (at === to) return false;
    }
    if (gap < 0 ? count !== 8 : count > 7) return false;
    // What stands behind the gap moves to the end.
    if (gap >= 0) {
      groups.copyWithin(8 - (count - gap), gap, count);
      groups.fill(0, gap, 8 - (count - gap));
    }
    for (let word = 0; word < 4; word++) this.first[word] = (groups[2 * word]! << 16) | groups[2 * word + 1]!;
    return true;
  }
}

/** So many low bits, 0 to 32, as an integer of 32 bits. */
function hostMask(bits: number): number {
  return bits === 32 ? -1 : (1 << bits) - 1;
}

/** A decimal number without leading zeros, which some take for octal; -1 where it is none, or above `max`. */
function readDecimal(bytes: Uint8Array, from: number, to: number, max: number): number {
  if (from >= to || to - from > 3 || (bytes[from] === ZERO && to - from > 1)) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value > max ? -1 : value;
}

/** Four decimal numbers and three dots, as an unsigned integer; -1 for everything else. */
function readIpv4(bytes: Uint8Array, from: number, to: number): number {
  let address = 0;
  let at = from;
  for (let part = 0; part < 4; part++) {
    let end = at;
    while (end < to && bytes[end] !== DOT) end++;
    const value = readDecimal(bytes, at, end, 255);
    if (value < 0 || (end === to) !== (part === 3)) return -1;
    address = address * 256 + value;
    at = end + 1;
  }
  return address;
}

/** One to four hexadecimal digits; -1 for everything else. */
function readGroup(bytes: Uint8Array, from: number, to: number): number {
  if (from >= to || to - from > 4) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = hexDigit(bytes[at]!);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
