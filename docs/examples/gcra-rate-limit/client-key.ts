/** The client's key: one number of 128 bits for every spelling of its address. */
import { AddressReader, DataType } from '@spop/codec';
import type { AddressValue, MessageReader, Value } from '@spop/codec';
import { checkRate } from './messages.ts';

/** IPv4 addresses are in ::ffff:0:0/96, like those mapped to IPv6. */
const MAPPED_WORD = 0xffff;
const NAMES = ['ip_fwd', 'ip_xff', 'ip_src'] as const;

/** The client of one message; read again for each. */
export class ClientKey {
  /** Four words of 32 bits. */
  readonly words: Int32Array = new Int32Array(4);
  /** The arguments of its message, by the index of their names. */
  readonly #found: Int32Array = new Int32Array(4 * NAMES.length);
  readonly #masks: Int32Array;
  readonly #groups: number;
  readonly #suffix: string;
  readonly #addresses: AddressReader = new AddressReader();

  /** @param ipv6Prefix number of leading bits of an IPv6 address that are the client. */
  constructor(ipv6Prefix: number) {
    this.#masks = Int32Array.from({ length: 4 }, (_, word) => {
      const bits = Math.min(32, Math.max(0, ipv6Prefix - 32 * word));
      return bits === 0 ? 0 : -1 << (32 - bits);
    });
    this.#groups = Math.ceil(ipv6Prefix / 16);
    this.#suffix = `/${ipv6Prefix}`;
  }

  /**
   * Reads the client from a NOTIFY: the first of ip_fwd, ip_xff and ip_src that is an address. Of a list it reads the last
   * element, which the nearest proxy wrote. False if no argument is an address.
   */
  read(messages: MessageReader): boolean {
    let first: number = NAMES.length;
    while (messages.next()) {
      if (!messages.name.equals(checkRate.name)) continue;
      while (messages.nextArgument()) {
        const index = indexOfName(messages);
        if (index < first && this.#readArgument(messages.value, index)) first = index;
      }
      break;
    }
    if (first === NAMES.length) return false;
    for (let word = 0; word < 4; word++) this.words[word] = this.#found[4 * first + word]!;
    return true;
  }

  /** As text: `192.0.2.1`, `2001:db8:0:1/64`. */
  toString(): string {
    const [a = 0, b = 0, c = 0, d = 0] = this.words;
    if (a === 0 && b === 0 && c === MAPPED_WORD) return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
    let text = '';
    for (let group = 0; group < this.#groups; group++) {
      const word = this.words[group >> 1]!;
      text += `${group === 0 ? '' : ':'}${((group & 1) === 0 ? word >>> 16 : word & 0xffff).toString(16)}`;
    }
    return text + this.#suffix;
  }

  #readArgument(value: Value, index: number): boolean {
    const { type } = value;
    if (type === DataType.Ipv4 || type === DataType.Ipv6) {
      this.#take(value, index);
      return true;
    }
    if (type !== DataType.String && type !== DataType.Binary) return false;
    // No address has an equals sign: with one it is a Forwarded field, without one a list of addresses.
    if (value.includes('=')) this.#addresses.readForwarded(value);
    else this.#addresses.readXForwardedFor(value);
    if (!this.#addresses.next()) return false;
    const { address } = this.#addresses;
    if (address !== undefined) this.#take(address, index);
    return address !== undefined;
  }

  #take(address: AddressValue | Value, index: number): void {
    const found = this.#found;
    const at = 4 * index;
    if (address.family === 4) {
      found[at] = 0;
      found[at + 1] = 0;
      found[at + 2] = MAPPED_WORD;
      found[at + 3] = address.wordAt(0);
      return;
    }
    for (let word = 0; word < 4; word++) found[at + word] = address.wordAt(word);
    if (found[at] === 0 && found[at + 1] === 0 && found[at + 2] === MAPPED_WORD) return;
    for (let word = 0; word < 4; word++) found[at + word]! &= this.#masks[word]!;
  }
}

function indexOfName({ argumentName }: MessageReader): number {
  for (let index = 0; index < NAMES.length; index++) if (argumentName.equals(NAMES[index]!)) return index;
  return NAMES.length;
}
