/** Whether a replica may be about to take the place of a server of a cluster. */

/**
 * What the text of CLUSTER NODES, from another server, says of the server at this address: that it is held for failed, or may be, and
 * has a replica. It does not know that itself: once it goes on it answers as a master until it hears of its successor, and
 * what it decides meanwhile is lost.
 */
export function isTakeoverDue(nodes: string, address: string): boolean {
  const lines = nodes.split('\n').map((line) => line.split(' '));
  const [id, , flags = ''] = lines.find(([, at = '']) => addressesOf(at).includes(address)) ?? [];
  // The fourth word of a replica is its master.
  return /\bfail\b/.test(flags) && lines.some(([, , , master]) => master === id);
}

/** `192.0.2.7:6379@16379,valkey-0.valkey`: by address and, where it has one, by name. */
function addressesOf(at: string): readonly string[] {
  const [byIp = '', , name = ''] = at.split(/[@,]/);
  return [byIp, `${name}:${byIp.slice(byIp.lastIndexOf(':') + 1)}`];
}
