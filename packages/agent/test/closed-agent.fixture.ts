/** Uses an agent's timers, closes it, and prints the timers that would keep the process; for left-behind.test.ts. */
import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, haproxyHello, notify } from '@spop/builder';
import { defineMessage } from '@spop/codec';
import { createAgent } from '../src/index.ts';

const ask = defineMessage('ask', {});
let settle = (): void => {};
const quiet = (): void => {};
const agent = createAgent({
  processingTimeoutMs: 30_000,
  helloTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  partialFrameTimeoutMs: 30_000,
  lingerTimeoutMs: 30_000,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
});
agent.onMessage(ask, () => new Promise<void>((resolve) => void (settle = resolve)));
const { host, port } = await agent.listen({ host: '127.0.0.1', port: 0 });
const peer = await connect({ host, port }, { timeoutMs: 20_000 });
// The unknown message is logged, which begins a window of the rate limit; the known one begins a deadline.
await peer.notify('unknown');
const asked = peer.notify(ask);
while (agent.inFlightCount === 0) await nextTurn();
settle();
await asked;

// This peer goes away in the middle of a frame and of a handler.
const [ours, theirs] = duplexPair();
agent.handle(theirs);
ours.write(Buffer.concat([haproxyHello().toBytes(), notify().message(ask).toBytes(), Buffer.of(0, 0)]));
while (agent.inFlightCount === 0) await nextTurn();
theirs.destroy();
ours.destroy();
while (agent.connectionCount > 1) await nextTurn();

const closed = agent.close({ graceMs: 30_000 });
await peer.closed(20_000);
await closed;
for (let turn = 0; turn < 5; turn++) await nextTurn();
console.log(
  `left: ${process
    .getActiveResourcesInfo()
    .filter((name) => name === 'Timeout' || name.startsWith('TCP'))
    .join(' ')}`,
);
