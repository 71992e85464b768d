/** The loads, by name. */
import type { Cores, LoadTest } from './rounds.ts';
import type { TrafficKind } from './traffic.ts';

/** As many NOTIFYs in flight on each connection as the agent takes. */
export function pipelined(kind: TrafficKind, connections: number, cores: Cores): LoadTest {
  const place = cores === 'all' ? 'all cores' : 'one core';
  return {
    name: `pipelined, ${kind}, ${connections} connection${connections === 1 ? '' : 's'}, ${place}`,
    kind,
    connections,
    window: 0,
    cores,
  };
}

/** `window` NOTIFYs in flight on each connection. Agent and generator share a core, or have one each. */
export function closedLoop(
  window: number,
  kind: TrafficKind = 'tiny',
  connections: number = 1,
  cores: Exclude<Cores, 'all'> = 'same',
): LoadTest {
  const times = connections === 1 ? '' : `${connections} × `;
  const place = cores === 'same' ? '' : ', a core each';
  return { name: `${times}${window} in flight, ${kind}${place}`, kind, connections, window, cores };
}
