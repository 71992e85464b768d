/**
 * The agent that is soaked, with handlers of every kind under one deadline. It listens on a free port, tells it as its first
 * message over IPC, and then how it is once a second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAgent } from '@spop/agent';
import { type Actions, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';
import type { SoakSample } from './protocol.ts';

const MIB = 2 ** 20;

const tiny = defineMessage('tiny', { kind: optional(string) });
const ask = defineMessage('ask', {
  kind: string,
  method: string,
  path: string,
  headers: optional(string),
  body: optional(string),
});
const score = defineVariable('txn', 'score', int32);
const echo = defineVariable('txn', 'echo', string);

const agent = createAgent({
  processingTimeoutMs: 80,
  maxReassembledBytes: 65_536,
  maxInFlight: 500,
  partialFrameTimeoutMs: 2_000,
  helloTimeoutMs: 2_000,
  idleTimeoutMs: 20_000,
  fallback: (_, ack) => void ack.set(score, -1),
});

agent.onMessage(tiny, (_, ack) => void ack.set(score, 1));

agent.onMessage(ask, ({ kind, path, headers }, ack): void | Promise<void> => {
  if (kind.equals('throws')) throw new Error('thrown on purpose');
  if (kind.equals('rejects')) return sleep(2).then(() => Promise.reject(new Error('rejected on purpose')));
  if (kind.equals('async')) return answerLater(() => path.toString(), ack, 1 + Math.random() * 5);
  if (kind.equals('slow')) return answerLater(() => path.toString(), ack, 60 + Math.random() * 60);
  ack.set(score, headers?.byteLength ?? 0).set(echo, path);
});

async function answerLater(path: () => string, ack: Actions, ms: number): Promise<void> {
  await sleep(ms);
  // Too late, these views are closed.
  ack.set(score, 2).set(echo, path().slice(0, 40));
}

function sample(): SoakSample {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const metrics = agent.toMetrics();
  return {
    seconds: performance.now() / 1000,
    rss: rss / MIB,
    heap: heapUsed / MIB,
    external: external / MIB,
    handles: process.getActiveResourcesInfo().length,
    connections: metrics.openConnections,
    inFlight: metrics.inFlightNotifies,
    outputBuffers: metrics.outputBuffers,
    notifies: metrics.notifies,
    handlerErrors: metrics.events.handlerError,
    timeouts: metrics.events.handlerTimeout,
    lateAnswers: metrics.lateAnswers,
    protocolErrors: metrics.events.protocolError,
    disconnects: metrics.events.disconnect,
    overloads: metrics.events.overload,
    p99Ms: metrics.latency.p99Ms,
    blocked: metrics.events.eventLoopBlocked,
    maxLagMs: metrics.maxEventLoopLagMs,
  };
}

const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
process.send?.('port' in listening ? listening.port : 0);
const telling = setInterval(() => process.send?.(sample()), 1_000);

// Told to, it ends the channel itself: no sample is on its way to a pipe that the other end has closed.
process.once('message', () => process.disconnect());
process.once('disconnect', () => {
  clearInterval(telling);
  void agent.close();
});
