/**
 * The agent whose heap is read: it answers on a unix socket and, asked by its parent, says how many bytes of heap are in
 * use.
 */
import { getHeapStatistics } from 'node:v8';
import { createAgent } from '@spop/agent';
import { address, bool, defineMessage, defineVariable, int32, integer, interned, string } from '@spop/codec';

/** What the parent gets: that the agent listens, or a reading of its heap. */
export type Report = { kind: 'listening' } | { kind: 'used'; bytes: number };

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

const agent = createAgent({});
agent.onMessage(checkClientIp, (message, ack) => {
  ack.set(ipScore, message.ip.byteAt(3));
});
agent.onMessage(checkRequest, (message, ack) => {
  const length = message.path.byteLength + message.query.byteLength + message.headers.byteLength;
  ack.set(ipScore, length + message.src.byteAt(3) + message.host.byteLength + (message.ssl ? 1 : 0));
});
await agent.listen({ path: process.argv[2]! });

process.on('message', (request: 'collect' | 'read') => {
  if (request === 'collect') globalThis.gc?.();
  const bytes = getHeapStatistics().used_heap_size;
  process.send?.({ kind: 'used', bytes } satisfies Report);
});
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'listening' } satisfies Report);
