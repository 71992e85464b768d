/** The traffic: HTTP requests through HAProxy, and NOTIFYs sent directly to the agent. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { data, haproxyHello, notify } from '@spop/builder';
import { HttpClient } from '@spop-internal/testbed/http-client';
import type { ReloadedHaproxy } from './haproxy.ts';

/** The kinds of work that the agent is asked for, by `kind` of its message. */
const KINDS = ['tiny', 'realistic', 'async', 'slow', 'throws', 'rejects', 'big'] as const;

const PAUSE_MS = 15;
const BURST = 100;
const BURST_PAUSE_MS = 20;

/** The number of requests by their end. */
export interface Outcomes {
  requests: number;
  /** Answered by the handler that was asked. */
  answered: number;
  /** Answered with the fallback's score. */
  fallbacks: number;
  /** Passed by HAProxy without an answer, by its version and error code. */
  readonly errors: Record<string, Record<string, number>>;
  /** Connections that broke, as they do when HAProxy is reloaded. */
  broken: number;
}

/** The outcomes so far. */
export const outcomes: Outcomes = { requests: 0, answered: 0, fallbacks: 0, errors: {}, broken: 0 };

/** One worker that asks one HAProxy until `isOver`. */
export async function askThrough(haproxy: ReloadedHaproxy, isOver: () => boolean): Promise<void> {
  const client = new HttpClient(haproxy.httpSocket, { maxSockets: 1, from: '192.0.2.1' });
  for (let i = Math.floor(Math.random() * KINDS.length); !isOver(); i++) {
    await askOnce(client, haproxy.version, KINDS[i % KINDS.length] ?? 'tiny');
    await sleep(PAUSE_MS);
  }
  client.stop();
}

async function askOnce(client: HttpClient, version: string, kind: string): Promise<void> {
  const body = kind === 'big' ? 'x'.repeat(12_000) : undefined;
  const filler = { 'x-filler': 'y'.repeat(kind === 'realistic' ? 600 : 10) };
  outcomes.requests++;
  try {
    const { headers } = await client.request({
      path: `/soak?kind=${kind}`,
      headers: filler,
      ...(body === undefined ? {} : { body }),
    });
    const { 'x-error': error, 'x-score': score } = headers;
    if (error !== undefined) countError(version, error);
    else if (score === '-1') outcomes.fallbacks++;
    else if (score !== undefined) outcomes.answered++;
  } catch {
    outcomes.broken++;
  }
}

function countError(version: string, code: string): void {
  const byCode = (outcomes.errors[version] ??= {});
  byCode[code] = (byCode[code] ?? 0) + 1;
}

/** Sends bursts of pipelined NOTIFYs over one connection until `isOver`; returns how many it sent. */
export async function askDirectly(port: number, isOver: () => boolean): Promise<number> {
  const frames = Array.from({ length: BURST }, (_, i) =>
    notify({ streamId: i + 1, frameId: 1 })
      .message('tiny', { kind: data.string('tiny') })
      .toBytes(),
  );
  const burst = Buffer.concat(frames);
  let asked = 0;
  const socket: Socket = connect(port, '127.0.0.1');
  socket.resume();
  socket.on('error', () => {});
  socket.write(haproxyHello({ capabilities: 'pipelining' }).toBytes());
  while (!isOver() && !socket.destroyed) {
    socket.write(burst);
    asked += BURST;
    await sleep(BURST_PAUSE_MS);
  }
  await sleep(500);
  socket.destroy();
  return asked;
}
