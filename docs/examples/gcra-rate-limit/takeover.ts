/** Whether a replica may be taking the place of a server of a cluster. */

/**
 * Whether the text of CLUSTER NODES, from another server, says that the server at this address is failed, or may be, and has
 * a replica. The failed server does not know it: when it goes on, it answers as a master until it hears of its successor,
 * and its decisions until then are lost.
 */
export function isTakeoverDue(nodes: string, address: string): boolean {
  const lines = nodes.split('\n').map((line) => line.split(' '));
  const [id, , flags = ''] = lines.find(([, at = '']) => addressesOf(at).includes(address)) ?? [];
  // The fourth word of a replica is its master.
  return /\bfail\b/.test(flags) && lines.some(([, , , master]) => master === id);
}

/** `192.0.2.7:6379@16379,valkey-0.valkey`: by address and, if it has one, by name. */
function addressesOf(at: string): readonly string[] {
  const [byIp = '', , name = ''] = at.split(/[@,]/);
  return [byIp, `${name}:${byIp.slice(byIp.lastIndexOf(':') + 1)}`];
}
