/** The traffic: HTTP requests through HAProxy, and NOTIFYs sent directly to the agent. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { bytesOf, question } from '../codec/frames.ts';
import { Asker } from '../socket/asker.ts';
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
    await askOnce(client, haproxy.version, KINDS[i % KINDS.length]!);
    await sleep(PAUSE_MS);
  }
  client.stop();
}

async function askOnce(client: HttpClient, version: string, kind: (typeof KINDS)[number]): Promise<void> {
  const body = kind === 'big' ? { body: 'x'.repeat(12_000) } : {};
  const headers = { 'x-filler': 'y'.repeat(kind === 'realistic' ? 600 : 10) };
  outcomes.requests++;
  try {
    const answer = await client.request({ path: `/soak?kind=${kind}`, headers, ...body });
    const { 'x-error': error, 'x-score': score } = answer.headers;
    if (error !== undefined) {
      const byCode = (outcomes.errors[version] ??= {});
      byCode[error] = (byCode[error] ?? 0) + 1;
    } else if (score === '-1') outcomes.fallbacks++;
    else if (score !== undefined) outcomes.answered++;
  } catch {
    outcomes.broken++;
  }
}

/** Sends bursts of pipelined NOTIFYs over one connection until `isOver`; returns how many were answered. */
export async function askDirectly(port: number, isOver: () => boolean): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  const asker = await Asker.open(socket, bytesOf(question.message('tiny', { kind: 'tiny' })));
  let asked = 0;
  while (!isOver()) {
    await asker.ask(BURST, BURST);
    asked += BURST;
    await sleep(BURST_PAUSE_MS);
  }
  socket.destroy();
  return asked;
}
