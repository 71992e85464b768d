/** Visitors that ask as fast as they can, through HAProxy, on connections that they keep. */
import { HttpClient } from '@spop-internal/testbed/http-client';
import type { Seen } from './model.ts';

/** What visitors saw. */
export interface Visits {
  /** What the store decided. */
  readonly seen: Seen[];
  /** How many answers by default, or none within HAProxy's deadline, each client got: nobody knows whether it was charged. */
  readonly unknown: Map<string, number>;
  /** When the last of these came, on the clock of performance.now(). */
  lastUnknownAt: number;
  slowestMs: number;
}

/** The ways in which one client comes: mapped to IPv6, or from anywhere in its /64. */
function addressesOf(net: number, host: number): readonly string[] {
  if (host % 2 === 0) return [`10.0.${net}.${host}`, `::ffff:10.0.${net}.${host}`];
  return [`2001:db8:${net}:${host}::1`, `2001:db8:${net}:${host}:ffff::2`];
}

/** Asks until `work` is done: clients of one `net`, each in two ways through each of these HAProxys at once. */
export async function visit(
  sockets: readonly string[],
  net: number,
  clients: number,
  work: (visits: Visits) => Promise<void>,
): Promise<Visits> {
  const visits: Visits = { seen: [], unknown: new Map(), lastUnknownAt: 0, slowestMs: 0 };
  let isOver = false;
  const visitors = sockets.flatMap((socket) =>
    Array.from({ length: clients }, (_, host) =>
      addressesOf(net, host).map((from) => ({ client: `${net}/${host}`, http: new HttpClient(socket, { from }) })),
    ).flat(),
  );
  const asking = visitors.map(async ({ client, http }) => {
    while (!isOver) {
      const { headers, durationMs } = await http.request();
      visits.slowestMs = Math.max(visits.slowestMs, durationMs);
      if (headers['x-rate-source'] === 'store') {
        visits.seen.push({
          client,
          timeUs: Number(headers['x-rate-time-us']),
          isAllowed: headers['x-rate-score'] === '0',
          remaining: Number(/r=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1]),
          retryAfterMs: Number(headers['x-retry-after-ms']),
        });
      } else {
        visits.unknown.set(client, (visits.unknown.get(client) ?? 0) + 1);
        visits.lastUnknownAt = performance.now();
      }
    }
    http.stop();
  });
  try {
    await work(visits);
  } finally {
    isOver = true;
    await Promise.all(asking);
  }
  return visits;
}

/** How many answers nobody knows of whether they charged their client. */
export function countUnknown({ unknown }: Visits): number {
  return [...unknown.values()].reduce((sum, count) => sum + count, 0);
}
