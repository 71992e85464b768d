/** Networks with their names and regions, read from a text. */
import { defineNetwork, type Network } from '@spop/agent';
import { readLines } from '../shared/reloadable.ts';

/** A network with its name and region. */
export interface KnownNetwork {
  readonly network: Network;
  readonly name: string;
  readonly region: string;
}

const WORD = /^[\w.-]{1,64}$/;

/**
 * Reads lines such as `192.0.2.0/24 office eu`; the most specific network comes first.
 *
 * @throws Error that names the first invalid line.
 */
export function parseNetworks(text: string): KnownNetwork[] {
  const known = readLines(text, ([cidr = '', name = '', region = '', ...rest]) => {
    if (!WORD.test(name) || !WORD.test(region) || rest.length > 0) {
      throw new Error('expected a network, its name and its region, as in 192.0.2.0/24 office eu');
    }
    return { network: defineNetwork(cidr), name, region };
  });
  return known.toSorted((a, b) => b.network.prefixLength - a.network.prefixLength);
}
