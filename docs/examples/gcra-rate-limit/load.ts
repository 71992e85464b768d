/** Visitors that send requests as fast as they can, through HAProxy, on kept connections. */
import { HttpClient } from '@spop-internal/testbed/http-client';
import type { Seen } from './model.ts';

/** The answers that visitors saw. */
export interface Visits {
  /** Decisions of the store. */
  readonly seen: Seen[];
  /** Answers by default, or missed deadlines of HAProxy, of each client: whether these charged it is unknown. */
  readonly unknown: Map<string, number>;
  /** When the last of these came, on the clock of performance.now(). */
  lastUnknownAt: number;
  slowestMs: number;
}

/** The spellings of one client: mapped to IPv6, or any address of its /64. */
function addressesOf(net: number, host: number): readonly string[] {
  if (host % 2 === 0) return [`10.0.${net}.${host}`, `::ffff:10.0.${net}.${host}`];
  return [`2001:db8:${net}:${host}::1`, `2001:db8:${net}:${host}:ffff::2`];
}

/** Sends requests until `work` is done: clients of one `net`, in two spellings through each of these HAProxys at once. */
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

/** The number of answers that may or may not have charged their client. */
export function countUnknown({ unknown }: Visits): number {
  return [...unknown.values()].reduce((sum, count) => sum + count, 0);
}
