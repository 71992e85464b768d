/** Random lists and addresses that are the same in each run. */

import { randomFrom } from '../harness/random.ts';

/** The first two groups of the IPv6 networks that are listed and looked up. */
const NETWORKS = ['2001', '2400', '2600', '2804', '2a00', '2a01', '2a02', '2c0f'] as const;

/** An IPv4 address that a client may have. */
export function randomIpv4(random: (below: number) => number): string {
  return `${1 + random(223)}.${random(256)}.${random(256)}.${random(256)}`;
}

/** An IPv6 address in one of eight regions' networks. */
export function randomIpv6(random: (below: number) => number): string {
  const group = (): string => random(0x1_0000).toString(16);
  return `${NETWORKS[random(NETWORKS.length)]}:${group()}:${group()}:${group()}::${group()}`;
}

/** This number of entries. A tenth is IPv6; a tenth of IPv4 and half of IPv6 are ranges. */
export function randomLines(count: number, seed: number): string[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    if (index % 10 === 0) {
      const address = randomIpv6(random);
      return random(2) === 0 ? address : address.replace(/:[^:]*::.*/, '::/48');
    }
    const address = randomIpv4(random);
    return random(10) === 0 ? `${address}/${20 + random(12)}` : address;
  });
}
