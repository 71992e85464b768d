/** The loads, by name. */
import type { Cores, LoadTest } from './rounds.ts';
import type { TrafficKind } from './traffic.ts';

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

export function closedLoop(window: number, kind: TrafficKind = 'tiny', cores: Cores = 'same'): LoadTest {
  return { name: `${window} in flight, ${kind}`, kind, connections: 1, window, cores };
}
