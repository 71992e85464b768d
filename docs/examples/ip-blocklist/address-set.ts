/** A set of addresses of both families. Looking one up allocates nothing. */
import type { AddressWords } from '../shared/entry.ts';
import { Ipv4Set, type Ipv4Table, layOutIpv4 } from './ipv4-set.ts';
import { Ipv6Set, type Ipv6Table, layOutIpv6 } from './ipv6-set.ts';
import type { Ranges } from './ranges.ts';

/** The arrays of a set, which can be passed between threads. */
export interface AddressTables {
  readonly ipv4: Ipv4Table;
  readonly ipv6: Ipv6Table;
}

/** Lays out ranges for {@link AddressSet}. */
export function layOut({ ipv4, ipv6 }: Ranges): AddressTables {
  return { ipv4: layOutIpv4(ipv4), ipv6: layOutIpv6(ipv6) };
}

/** The memory of tables, to hand them to another thread. */
export function buffersOf({ ipv4, ipv6 }: AddressTables): ArrayBuffer[] {
  return [ipv4.used, ipv4.ranges, ipv4.index, ipv6.blocks, ipv6.nodes].map(({ buffer }) => buffer);
}

/** A set that never changes. */
export class AddressSet {
  readonly #ipv4: Ipv4Set;
  readonly #ipv6: Ipv6Set;

  constructor({ ipv4, ipv6 }: AddressTables) {
    this.#ipv4 = new Ipv4Set(ipv4);
    this.#ipv6 = new Ipv6Set(ipv6);
  }

  /** Whether the address is in it. An IPv4 address mapped to IPv6 has to be passed as IPv4. */
  has(address: AddressWords): boolean {
    return address.family === 4
      ? this.#ipv4.has(address.wordAt(0))
      : this.#ipv6.has(address.wordAt(0), address.wordAt(1), address.wordAt(2), address.wordAt(3));
  }
}
