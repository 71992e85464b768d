/** What the agent is asked: HTTP requests through HAProxy, and NOTIFYs straight to it. */
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { haproxyHello, notify, string } from '@spop/builder';
import { KINDS } from './protocol.ts';
import type { ReloadedHaproxy } from './haproxy.ts';

const PAUSE_MS = 15;
const REQUEST_TIMEOUT_MS = 5_000;
const BURST = 100;
const BURST_PAUSE_MS = 20;

/** What became of the requests. */
export interface Outcomes {
  requests: number;
  /** Answered by the handler that was asked. */
  answered: number;
  /** With the fallback's score. */
  fallbacks: number;
  /** Let pass without an answer, by HAProxy's version and error code. */
  readonly errors: Record<string, Record<string, number>>;
  /** Connections that broke, as they do when HAProxy is reloaded. */
  broken: number;
}

export const outcomes: Outcomes = { requests: 0, answered: 0, fallbacks: 0, errors: {}, broken: 0 };

/** One worker that asks one HAProxy until `isOver`. */
export async function askThrough(haproxy: ReloadedHaproxy, isOver: () => boolean): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = Math.floor(Math.random() * KINDS.length); !isOver(); i++) {
    await askOnce(agent, haproxy, KINDS[i % KINDS.length] ?? 'tiny');
    await sleep(PAUSE_MS);
  }
  agent.destroy();
}

function askOnce(agent: Agent, { httpSocket: socketPath, version }: ReloadedHaproxy, kind: string): Promise<void> {
  const body = kind === 'big' ? 'x'.repeat(12_000) : undefined;
  const headers = { 'x-filler': 'y'.repeat(kind === 'realistic' ? 600 : 10) };
  return new Promise((resolve) => {
    outcomes.requests++;
    const method = body === undefined ? 'GET' : 'POST';
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const outgoing = request({ agent, socketPath, method, path: `/soak?kind=${kind}`, headers, signal }, (incoming) => {
      const { 'x-error': error, 'x-score': score } = incoming.headers;
      if (error !== undefined) countError(version, String(error));
      else if (score === '-1') outcomes.fallbacks++;
      else if (score !== undefined) outcomes.answered++;
      incoming.on('error', () => resolve()).on('end', () => resolve());
      incoming.resume();
    });
    outgoing.on('error', () => {
      outcomes.broken++;
      resolve();
    });
    outgoing.end(body);
  });
}

function countError(version: string, code: string): void {
  const byCode = (outcomes.errors[version] ??= {});
  byCode[code] = (byCode[code] ?? 0) + 1;
}

/** Bursts of pipelined NOTIFYs over one connection of their own, until `isOver`; each has to be acknowledged. */
export async function askDirectly(port: number, isOver: () => boolean): Promise<{ asked: number; bytes: number }> {
  const burst = Buffer.concat(
    Array.from({ length: BURST }, (_, i) =>
      notify({ streamId: i + 1, frameId: 1 })
        .message('tiny', { kind: string('tiny') })
        .toBytes(),
    ),
  );
  let asked = 0;
  let bytes = 0;
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('data', (chunk) => (bytes += chunk.length));
  socket.on('error', () => {});
  socket.write(haproxyHello({ capabilities: 'pipelining' }).toBytes());
  while (!isOver() && !socket.destroyed) {
    socket.write(burst);
    asked += BURST;
    await sleep(BURST_PAUSE_MS);
  }
  await sleep(500);
  socket.destroy();
  return { asked, bytes };
}
