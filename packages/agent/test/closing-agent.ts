/** An agent that closes on signals, for signalled.program.test.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineMessage, string } from '@spop/codec';
import { closeOnSignals, createAgent } from '../src/index.ts';

const ask = defineMessage('ask', { id: string });
const agent = createAgent({ processingTimeoutMs: 30_000 });
agent.onMessage(ask, ({ id }) => {
  console.log(`asked ${id.toString()}`);
  return id.equals('slow') ? sleep(300) : new Promise(() => {});
});
const off = closeOnSignals(agent, {
  graceMs: 20_000,
  onSignal: (signal) => {
    console.log(`told ${signal}`);
    if (process.argv[2] === 'twice') process.kill(process.pid, signal);
    const error = new Error('no last words');
    if (process.argv[2] === 'throw') throw error;
    // As an async function would: the type of a callback cannot refuse one.
    if (process.argv[2] === 'reject') return Promise.reject(error) as never;
  },
  afterClose: async () => {
    // Long enough for a repeated signal to arrive in between.
    await sleep(100);
    if (process.argv[2] === 'fail') throw new Error('no database to close');
    console.log('after close');
  },
});
if (process.argv[2] === 'off') off();
const address = await agent.listen({ host: '127.0.0.1', port: 0 });
console.log(`listening ${'port' in address ? address.port : ''}`);
