import { SpopError } from '../errors.ts';
import { definePrintable } from '../printable.ts';
import { quoteText } from '../quote.ts';
import { isMappedAddress, MAPPED_PREFIX_BYTES, parseAddress, toIpv4Text, toIpv6Text } from '../wire/address.ts';
import { IPV4_BYTES, IPV6_BYTES } from '../wire/typed-data.ts';

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;
const MAPPED_PREFIX_LENGTH = MAPPED_PREFIX_BYTES * 8;

/**
 * A range of addresses with the same first bits, made by {@link defineNetwork}, for `isWithin` of an address. It is immutable
 * and stays valid.
 */
export class Network {
  /** 4 for IPv4, 6 for IPv6. */
  declare readonly family: 4 | 6;
  /** The number of first bits that its addresses share: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  declare readonly prefixLength: number;
  /** The first address. */
  readonly #address: Buffer;

  constructor(address: Buffer, prefixLength: number) {
    this.family = address.length === IPV4_BYTES ? 4 : 6;
    this.prefixLength = prefixLength;
    this.#address = address;
  }

  /** @internal Whether the address of `family` at `start` is within the network. */
  holds(bytes: Buffer, start: number, family: 4 | 6): boolean {
    let from = start;
    if (family !== this.family) {
      if (family === 4 || !isMappedAddress(bytes, start)) return false;
      from += MAPPED_PREFIX_BYTES;
    }
    const address = this.#address;
    const wholeBytes = this.prefixLength >> 3;
    for (let i = 0; i < wholeBytes; i++) {
      if (bytes[from + i] !== address[i]) return false;
    }
    const bits = this.prefixLength & 7;
    return bits === 0 || (bytes[from + wholeBytes]! ^ address[wholeBytes]!) >> (8 - bits) === 0;
  }

  /** The canonical form, always with the prefix length: `10.0.0.0/8`, `2001:db8::/32` (RFC 5952). */
  toString(): string {
    return toNetworkText(this.#address, this.prefixLength);
  }
}

/** Whether `value` is a network of this copy of the package or another; not `instanceof`, which tells copies apart. */
export function isNetwork(value: unknown): value is Network {
  return typeof value === 'object' && value !== null && 'holds' in value;
}

definePrintable(Network.prototype, (network) => network.toString());

/**
 * Declares a network in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), or a single address:
 *
 *     const internal = defineNetwork('10.0.0.0/8');
 *     if (message.ip.isWithin(internal)) …
 *
 * An IPv4 network that is mapped to IPv6 is the IPv4 network: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for other text, and for a network whose address has bits set after the prefix.
 */
export function defineNetwork(text: string): Network {
  const given: unknown = text;
  const [addressText = '', prefixText, ...rest] = typeof given === 'string' ? given.split('/') : [];
  const parsed = Buffer.alloc(IPV6_BYTES);
  const size = parseAddress(addressText, parsed, 0);
  if (size === 0 || rest.length > 0) throw invalidNetwork('a network such as 10.0.0.0/8 or 2001:db8::/32', text);
  let prefixLength = prefixText === undefined ? size * 8 : Number(prefixText);
  if ((prefixText !== undefined && !PREFIX_LENGTH.test(prefixText)) || prefixLength > size * 8) {
    throw invalidNetwork(`an IPv${size === IPV4_BYTES ? 4 : 6} network with a prefix of 0 to ${size * 8} bits`, text);
  }
  let address = parsed.subarray(0, size);
  if (size === IPV6_BYTES && prefixLength >= MAPPED_PREFIX_LENGTH && isMappedAddress(parsed, 0)) {
    address = parsed.subarray(MAPPED_PREFIX_BYTES);
    prefixLength -= MAPPED_PREFIX_LENGTH;
  }
  const first = toFirstAddress(address, prefixLength);
  if (!first.equals(address)) {
    const expected = toNetworkText(first, prefixLength);
    throw invalidNetwork(`no bits set after a prefix of ${prefixLength}, as in ${expected}`, text);
  }
  return new Network(first, prefixLength);
}

/** A copy of the address with zeros after its first `prefixLength` bits. */
function toFirstAddress(address: Buffer, prefixLength: number): Buffer {
  const first = Buffer.from(address);
  for (let i = prefixLength >> 3; i < first.length; i++) first[i]! &= 0xff00 >> Math.max(0, prefixLength - 8 * i);
  return first;
}

function toNetworkText(address: Buffer, prefixLength: number): string {
  const text = address.length === IPV4_BYTES ? toIpv4Text(address, 0) : toIpv6Text(address, 0);
  return `${text}/${prefixLength}`;
}

function invalidNetwork(expected: string, text: unknown): SpopError {
  return new SpopError('SPOP_INVALID_VALUE', `expected ${expected}; found ${quoteText(text)}`);
}
