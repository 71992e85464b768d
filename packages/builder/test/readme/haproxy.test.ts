import { ack, agentDisconnect, agentHello, connect, haproxy, parseStream } from '@spop/builder';
import '@spop/builder/vitest';
import { expect, it } from 'vitest';
import type { Duplex } from 'node:stream';

/** Anything with `handle(stream)` can be tested; this agent answers whole frames. */
const agent = {
  handle(stream: Duplex): void {
    stream.on('error', () => stream.destroy()); // HAProxy often resets
    stream.on('data', (chunk: Uint8Array) => {
      for (const frame of parseStream(chunk).frames) {
        if (frame.type === 'HAPROXY-HELLO') stream.write(agentHello().toBytes());
        if (frame.type === 'NOTIFY') stream.write(ack(frame).setVar('txn', 'seen', true).toBytes());
        if (frame.type === 'HAPROXY-DISCONNECT') stream.end(agentDisconnect().toBytes());
      }
    });
  },
};

it('answers a burst, and says goodbye', async () => {
  const peer = await connect(agent, { haproxy: '3.0', timeoutMs: 500 });
  expect(await peer.hello()).toMatchObject({ version: '2.0', capabilities: ['pipelining'] });

  const acks = await peer.burst([1, 2, 3].map((id) => (notify) => notify.message('m', { id })));
  for (const answer of acks) expect(answer).toSetVar('txn', 'seen', true);

  expect(await peer.disconnect()).toBeDisconnect(0);
});

it('is up for health checks', async () => {
  const peer = await connect(agent);
  expect(await peer.healthcheck()).toMatchObject({ version: '2.0' });
});

it('is one HAProxy process on two connections', async () => {
  const process = haproxy('2.6');
  const [one, two] = await Promise.all([connect(agent, { haproxy: process }), connect(agent, { haproxy: process })]);
  expect(await one.notify('m')).toBeAck({ streamId: 0, frameId: 1 });
  expect(await two.notify('m')).toBeAck({ streamId: 1, frameId: 1 });
});
