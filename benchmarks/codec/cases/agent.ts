import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createAgent } from '@spop/agent';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import type { Case } from '../../harness/case.ts';
import { inProcess } from '../../socket/in-process.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

/**
 * An agent in this process and its client in another, whose time is not counted. The message that begins a task and the
 * one that ends it are counted: about 50 µs for all of a task's NOTIFYs.
 */
async function tinyAgent(): Promise<(count: number) => Promise<void>> {
  const agent = createAgent();
  agent.onMessage(checkClientIp, (message, ack) => {
    ack.set(ipScore, message.ip.byteAt(3));
  });
  const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
  if (!('port' in listening)) throw new Error('expected to listen on a port; found another address');
  const client = fork(fileURLToPath(new URL('../../socket/client.ts', import.meta.url)), [String(listening.port)]);
  // Its reason is on standard error already.
  client.once('exit', () => process.exit(1));
  await once(client, 'message');
  return async (count) => {
    client.send(count);
    await once(client, 'message');
  };
}

export const cases: readonly Case[] = [
  {
    name: 'tiny through a socket',
    what: 'a tiny NOTIFY answered by an agent, 500 in flight on a TCP connection: processor time of the agent’s process',
    subjects: {},
    work: tinyAgent,
  },
  {
    name: 'tiny in process',
    what: 'a tiny NOTIFY answered by an agent in memory, 20 in flight, by a synchronous handler',
    subjects: {},
    work: () => inProcess('sync'),
  },
  {
    name: 'tiny async in process',
    what: 'the same by an async function that awaits something',
    subjects: {},
    work: () => inProcess('async'),
  },
  {
    name: 'tiny at once in process',
    what: 'the same by a function that is not async, and answers at once although it returned a promise before',
    subjects: {},
    work: () => inProcess('at once'),
  },
  {
    name: 'tiny signal in process',
    what: 'the same by an async function that reads its signal',
    subjects: {},
    work: () => inProcess('signal'),
  },
];
