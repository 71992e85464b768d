import { createServer, connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import { data, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { generate } from 'selfsigned';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Bench,
  type BenchOptions,
  connectPeer,
  connectRaw,
  eventually,
  pooledBuffersOut,
  startAgent,
} from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

let key = '';
let cert = '';

beforeAll(async () => {
  const made = await generate([{ name: 'commonName', value: 'agent' }], { keyType: 'ec' });
  key = made.private;
  cert = made.cert;
});

/** An agent that a TLS server gives its connections to, and a function that connects to it. */
async function startTlsAgent(
  options: BenchOptions = {},
): Promise<Bench & { readonly open: (maxVersion?: SecureVersion) => Promise<TLSSocket> }> {
  const bench = await startAgent({
    setup: (agent) => agent.onMessage(ask, (message, ack) => void ack.set(number, message.id.byteLength)),
    ...options,
  });
  const server = createServer({ key, cert }, (socket) => bench.agent.handle(socket));
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  const { port } = address;
  const open = async (maxVersion: SecureVersion = 'TLSv1.3'): Promise<TLSSocket> => {
    const socket = connectTls({ host: '127.0.0.1', port, ca: cert, checkServerIdentity: () => undefined, maxVersion });
    onTestFinished(() => void socket.destroy());
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return socket;
  };
  return { ...bench, open };
}

describe('handle(a TLS socket)', () => {
  it('answers NOTIFYs, and does not hold back a peer that reads', async () => {
    const { agent, open, reports } = await startTlsAgent();
    const peer = await connectPeer(await open());
    const acks = await peer.burst(
      Array.from({ length: 500 }, (_, i) => (notify) => notify.message(ask, { id: 'x'.repeat(i) })),
    );
    for (const [i, ack] of acks.entries()) expect(ack).toSetVar('txn', 'number', i);
    expect(reports.overload).toEqual([]);
    expect(reports.connect[0]?.connection.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    await peer.disconnect();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.transportError).toEqual([]);
  });

  it('answers the NOTIFYs in flight when the peer has closed its side', async () => {
    const { open } = await startTlsAgent({
      setup: (agent) => agent.onMessage(ask, (_, ack) => sleep(30).then(() => void ack.set(number, 7))),
    });
    const peer = await connectRaw(await open());
    peer.send(haproxyHello(), notify().message(ask, { id: 'x' }));
    peer.stream.end();
    expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
    expect(peer.frames().at(-1)).toSetVar('txn', 'number', 7);
  });

  it('gives back the buffer of a sent ACK, without another write or a tick of the clock', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { open } = await startTlsAgent();
    const peer = await connectPeer(await open());
    const [ack] = await peer.burst([(frame) => frame.message(ask, { id: 'x' })]);
    expect(ack).toSetVar('txn', 'number', 1);
    expect(await eventually(() => pooledBuffersOut() === 0, 1_000)).toBe(true);
  });

  it('holds back a peer that never reads, and answers all its NOTIFYs in the end', async () => {
    const { open, reports } = await startTlsAgent();
    const peer = await connectRaw(await open());
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.stream.pause();
    const batch = Buffer.concat(Array.from({ length: 1_000 }, () => notify().message(ask, { id: 'x' }).toBytes()));
    let sent = 0;
    await eventually(() => {
      if (peer.stream.writableLength < 1_000_000) {
        peer.stream.write(batch);
        sent++;
      }
      return reports.overload.length > 0;
    });
    expect(reports.overload).toMatchObject([{ limit: 'output' }]);
    let bytes = 0;
    peer.stream.removeAllListeners('data');
    peer.stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    peer.stream.resume();
    expect(await eventually(() => bytes === sent * 1_000 * 23)).toBe(true);
  });

  it('destroys a peer that renegotiates again and again, and says why', async () => {
    const { agent, open, reports } = await startTlsAgent();
    const socket = await open('TLSv1.2');
    const peer = await connectPeer(socket);
    await peer.hello();
    const renegotiate = (): void => {
      if (!socket.destroyed) socket.renegotiate({ rejectUnauthorized: false }, (error) => error ?? renegotiate());
    };
    renegotiate();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.transportError.map(({ error }) => Reflect.get(error, 'code') as unknown)).toContain(
      'ERR_TLS_SESSION_ATTACK',
    );
    expect(reports.disconnect).toHaveLength(1);
  });

  it('sends the last ACKs and AGENT-DISCONNECT 0 on close()', async () => {
    const { agent, open } = await startTlsAgent();
    const peer = await connectPeer(await open());
    await peer.notify(ask, { id: 'x' });
    await agent.close();
    expect(await peer.receive()).toBeDisconnect(0);
  });

  it('refuses connections above maxConnections with status 13', async () => {
    const { open } = await startTlsAgent({ maxConnections: 1 });
    const first = await connectPeer(await open());
    await first.hello();
    const second = await connectPeer(await open());
    expect(await second.receive()).toHaveProperty('items.0.value', data.uint32(13));
    expect((await first.notify(ask, { id: 'x' })).actions).toHaveLength(1);
  });

  it('gives all buffers back if the peer is destroyed in the middle of a batch', async () => {
    const { agent, open } = await startTlsAgent();
    for (let i = 0; i < 20; i++) {
      const peer = await connectPeer(await open());
      await peer.hello();
      peer.send(...Array.from({ length: 50 }, () => peer.preset.notify().message(ask, { id: 'x' })));
      await new Promise((resolve) => setImmediate(resolve));
      peer.close();
    }
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });
});
