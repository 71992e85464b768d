/**
 * The agent whose heap is read: it answers on a unix socket and, asked by its parent, says how many bytes of heap and of
 * buffers are in use.
 *
 *     node agent-process.ts PATH sync|async
 */
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { createAgent } from '@spop/agent';
import {
  type Actions,
  address,
  bool,
  defineMessage,
  defineVariable,
  int32,
  integer,
  interned,
  type MessageOf,
  string,
} from '@spop/codec';

/** What the parent gets: that the agent listens, or a reading of its heap. */
export type Report = { kind: 'listening'; functionRuns: number } | { kind: 'used'; bytes: number; buffers: number };

/** What the parent asks for: a reading, after a collection or as it is, or that the handlers' own functions are run. */
export type Request = 'collect' | 'read' | 'run functions';

/** How often they are run then. */
const FUNCTION_RUNS = 20_000;

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const checkRequest = defineMessage('check-request', {
  method: interned(string),
  path: string,
  query: string,
  src: address,
  port: integer,
  headers: string,
  host: string,
  ssl: bool,
});
const ipScore = defineVariable('sess', 'ip_score', int32);

/** What handlers await. */
const settled: Promise<void> = Promise.resolve();

const answerIp = (message: MessageOf<typeof checkClientIp>, ack: Actions): void => {
  ack.set(ipScore, message.ip.byteAt(3));
};
const answerRequest = (message: MessageOf<typeof checkRequest>, ack: Actions): void => {
  const length = message.path.byteLength + message.query.byteLength + message.headers.byteLength;
  ack.set(ipScore, length + message.src.byteAt(3) + message.host.byteLength + (message.ssl ? 1 : 0));
};
/** What an async function takes by itself. */
const awaiting = async (_message: unknown, _ack: unknown): Promise<void> => {
  await settled;
};

const [socketPath = '', kind] = process.argv.slice(2);
const agent = createAgent({});
if (kind === 'async') {
  agent.onMessage(checkClientIp, async (message, ack) => {
    await settled;
    answerIp(message, ack);
  });
  agent.onMessage(checkRequest, async (message, ack) => {
    await settled;
    answerRequest(message, ack);
  });
} else {
  agent.onMessage(checkClientIp, answerIp);
  agent.onMessage(checkRequest, answerRequest);
}
await agent.listen({ path: socketPath });

process.on('message', (request: Request) => void answer(request));

async function answer(request: Request): Promise<void> {
  if (request === 'collect') globalThis.gc?.();
  if (request === 'run functions') {
    for (let i = 0; i < FUNCTION_RUNS; i++) void awaiting(agent, agent);
    await setImmediate();
  }
  const bytes = getHeapStatistics().used_heap_size;
  process.send?.({ kind: 'used', bytes, buffers: process.memoryUsage().arrayBuffers } satisfies Report);
}
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'listening', functionRuns: FUNCTION_RUNS } satisfies Report);
