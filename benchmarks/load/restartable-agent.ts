/**
 * An agent that answers `check` after some milliseconds, and closes on SIGTERM without losing what is in flight.
 *
 *     node --conditions=@spop/source benchmarks/load/restartable-agent.ts PORT DELAY_MS        prints "listening PORT"
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeOnSignals, createAgent } from '@spop/agent';
import { defineMessage, defineVariable, int32, optional, string } from '@spop/codec';

const [port = 0, delayMs = 0] = process.argv.slice(2).map(Number);
const check = defineMessage('check', { path: optional(string) });
const process_ = defineVariable('txn', 'process', int32);

const agent = createAgent();
agent.onMessage(check, (_, ack): void | Promise<void> => {
  if (delayMs > 0) return sleep(delayMs).then(() => void ack.set(process_, process.pid));
  ack.set(process_, process.pid);
});
closeOnSignals(agent);
const listening = await agent.listen({ host: '127.0.0.1', port });
process.stdout.write(`listening ${'port' in listening ? listening.port : ''}\n`);
