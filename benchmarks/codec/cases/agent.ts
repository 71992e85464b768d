import type { Case } from '../../harness/case.ts';
import type { Work } from '../../harness/stopwatch.ts';
import { inProcess, throughSocket } from '../../socket/asked-agent.ts';

const WINDOW = 500;

/**
 * The client is in another process, whose time is not counted. The message that begins a task and the one that ends it are
 * counted: about 50 µs for all of a task's NOTIFYs.
 */
async function tinyAgent(): Promise<Work> {
  const agent = await throughSocket('sync');
  return async (count) => agent.ask(count, WINDOW);
}

function agentCase(name: string, what: string, work: () => Promise<Work>): Case {
  return { name, what, subjects: {}, work };
}

export const cases: readonly Case[] = [
  agentCase(
    'tiny through a socket',
    'a tiny NOTIFY answered by an agent, 500 in flight on a TCP connection: processor time of the agent’s process',
    tinyAgent,
  ),
  agentCase(
    'tiny in process',
    'a tiny NOTIFY answered by an agent in memory, 20 in flight, by a synchronous handler',
    () => inProcess('sync'),
  ),
  agentCase('tiny async in process', 'the same by an async function that awaits something', () => inProcess('async')),
  agentCase(
    'tiny at once in process',
    'the same by a function that is not async, and answers at once although it returned a promise before',
    () => inProcess('at once'),
  ),
  agentCase('tiny signal in process', 'the same by an async function that reads its signal', () => inProcess('signal')),
];
