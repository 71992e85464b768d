/**
 * The agent of the soak, with handlers of every kind under one deadline. It listens on a free port and sends it as its
 * first message over IPC, then its state once a second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAgent } from '@spop/agent';
import { type Actions, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';

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
  // If the deadline has passed, these views are closed, and reading them throws.
  ack.set(score, 2).set(echo, path().slice(0, 40));
}

/** The state of the agent; the heap after a garbage collection. Memory is in MiB. */
function sample() {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { latency, ...metrics } = agent.toMetrics();
  return {
    rss: rss / MIB,
    heap: heapUsed / MIB,
    external: external / MIB,
    /** Resources that keep the event loop alive: sockets, timers and others. */
    handles: process.getActiveResourcesInfo().length,
    p99Ms: latency.p99Ms,
    ...metrics,
  };
}

/** The agent's report to the watching process, once a second. */
export type SoakSample = ReturnType<typeof sample>;

const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
process.send?.('port' in listening ? listening.port : 0);
const reporting = setInterval(() => process.send?.(sample()), 1_000);

// The agent closes the channel itself, so that it never sends a sample to a pipe that is closed already.
process.once('message', () => process.disconnect());
process.once('disconnect', () => {
  clearInterval(reporting);
  void agent.close();
});
