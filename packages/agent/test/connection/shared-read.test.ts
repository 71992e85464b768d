import { once } from 'node:events';
import { type Server, createServer, connect as connectSocket, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fragment, haproxyHello, type NotifyBuilder, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { binary, defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, type LinkKind, linkKinds, startAgent } from '../harness.ts';

const path = vi.hoisted(() => ({ isFallback: false, replaced: 0 }));

/** As on a Node whose sockets lack the functions for a static read. */
vi.mock('../../src/connection/shared-read.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/connection/shared-read.ts')>();
  return {
    ...original,
    readStatically: (...args: Parameters<typeof original.readStatically>): Socket | undefined => {
      const socket = path.isFallback ? undefined : original.readStatically(...args);
      if (socket !== undefined) path.replaced++;
      return socket;
    },
  };
});

const ask = defineMessage('ask', { id: string, body: binary });
const answer = defineVariable('txn', 'answer', string);
const sum = defineVariable('txn', 'sum', int32);

function checksum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total * 31 + byte) % 1_000_003, 7);
}

function answering(agent: Agent): void {
  agent.onMessage(ask, (message, ack) => {
    const respond = (): void => void ack.set(answer, message.id).set(sum, checksum(message.body.toBytes()));
    if (!message.id.startsWith('later')) return respond();
    return sleep(2).then(respond);
  });
}

function bodyOf(seed: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (seed * 131 + i * 7) % 256);
}

function asking(streamId: number, size: number, prefix: string): NotifyBuilder {
  return notify({ streamId }).message(ask, { id: `${prefix}${streamId}`, body: bodyOf(streamId, size) });
}

const links: readonly LinkKind[] = linkKinds.filter((kind) => kind !== 'memory');

describe.each([
  ['static', false],
  ['fallback', true],
] as const)('the %s read path', (name, isFallback) => {
  const start: typeof startAgent = (options) => {
    path.isFallback = isFallback;
    path.replaced = 0;
    return startAgent({ setup: answering, ...options });
  };

  it.each(links)(`is used over %s`, async (link) => {
    const { connect } = await start({ link });
    const peer = await connect();
    await peer.hello();
    expect(path.replaced).toBe(isFallback ? 0 : 1);
  });

  it.each(links)('reads frames of all sizes, cut at any byte, from 8 connections at once, over %s', async (link) => {
    const { agent, target, reports } = await start({ link });
    const peers = await Promise.all(Array.from({ length: 8 }, () => connectRaw(target)));
    const count = 40;
    await Promise.all(
      peers.map(async (peer, index) => {
        const frames = Array.from({ length: count }, (_, i) =>
          asking(i, (i * i * 9) % 15_000, i % 3 ? `${index}-` : `later${index}-`),
        );
        const bytes = Buffer.concat([haproxyHello(), ...frames].map((frame) => frame.toBytes()));
        let position = 0;
        for (let step = 1; position < bytes.length; step = (step * 7 + index) % 9_973) {
          peer.send(bytes.subarray(position, position + step));
          position += step;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }),
    );
    expect(await eventually(() => peers.every((peer) => peer.frames().length === count + 1))).toBe(true);
    for (const [index, peer] of peers.entries()) {
      const acks = peer
        .frames()
        .slice(1)
        .toSorted((a, b) => Number(a.streamId - b.streamId));
      for (const [i, ack] of acks.entries()) {
        expect(ack).toSetVar('txn', 'answer', i % 3 ? `${index}-${i}` : `later${index}-${i}`);
        expect(ack).toSetVar('txn', 'sum', checksum(bodyOf(i, (i * i * 9) % 15_000)));
      }
    }
    expect(agent.inFlightCount).toBe(0);
    expect(reports.protocolError).toEqual([]);
  });

  it.each(links)('joins fragments over %s', async (link) => {
    const { target } = await start({ link });
    const peer = await connectRaw(target);
    const pieces = fragment(asking(1, 100_000, ''), 7_000);
    peer.send(haproxyHello({ capabilities: 'async' }), ...pieces);
    await eventually(() => peer.frames().length === 2);
    expect(peer.frames()[1]).toSetVar('txn', 'sum', checksum(bodyOf(1, 100_000)));
  });

  it.each(links)('reads on after it was held back, over %s', async (link) => {
    const { target } = await start({ link, maxInFlightPerConnection: 1 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...Array.from({ length: 30 }, (_, i) => asking(i, 5_000, 'later')));
    await eventually(() => peer.frames().length === 31);
    for (const [i, ack] of peer.frames().slice(1).entries())
      expect(ack).toSetVar('txn', 'sum', checksum(bodyOf(i, 5_000)));
  });

  it.each(links)('sees the end of a peer, and ends its own side after the last ACK, over %s', async (link) => {
    const { agent, target } = await start({ link });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(0, 10, ''), asking(1, 10, 'later'));
    peer.stream.end();
    await eventually(() => peer.ending() !== undefined);
    expect([peer.ending(), peer.frames().length]).toEqual(['end', 3]);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });

  it('sees a reset', async () => {
    const { agent, target, reports } = await start({ link: 'IPv4' });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(0, 10, ''));
    await eventually(() => peer.frames().length === 2);
    if (peer.stream instanceof Socket) peer.stream.resetAndDestroy();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.transportError).toEqual([]);
    expect(reports.disconnect).toHaveLength(1);
  });

  it('does not keep close() waiting', async () => {
    const { agent, target } = await start({ link: 'IPv4' });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), asking(0, 10, 'later'));
    await eventually(() => agent.inFlightCount === 1);
    peer.stream.once('end', () => peer.stream.end());
    await agent.close();
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(name).toBeDefined();
  });
});

describe('readStatically', () => {
  async function acceptedSocket(): Promise<Socket> {
    const server: Server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    const client = connectSocket(address.port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    onTestFinished(() => {
      client.destroy();
      socket.destroy();
      server.close();
    });
    return socket;
  }

  it.each<[string, object | null]>([
    ['no handle', null],
    ['a handle without useUserBuffer', { readStop: (): number => 0 }],
    ['a handle without readStop', { useUserBuffer: () => {} }],
    ['a handle whose useUserBuffer is no function', { useUserBuffer: true, readStop: (): number => 0 }],
    ['a handle whose readStop is no function', { useUserBuffer: () => {}, readStop: true }],
  ])('does not change a socket with %s', async (_, handle) => {
    const { readStatically } = await vi.importActual<typeof import('../../src/connection/shared-read.ts')>(
      '../../src/connection/shared-read.ts',
    );
    const socket = await acceptedSocket();
    const kept: unknown = Reflect.get(socket, '_handle');
    Reflect.set(socket, '_handle', handle);
    expect(readStatically(socket, Buffer.alloc(1), () => true)).toBeUndefined();
    expect(Reflect.get(socket, '_handle')).toBe(handle);
    expect(socket.destroyed).toBe(false);
    Reflect.set(socket, '_handle', kept);
  });

  it('frees the place of the replaced socket among the connections of its server', async () => {
    const { readStatically } = await vi.importActual<typeof import('../../src/connection/shared-read.ts')>(
      '../../src/connection/shared-read.ts',
    );
    const socket = await acceptedSocket();
    const replaced = readStatically(socket, Buffer.alloc(1), () => true);
    expect(replaced).toBeInstanceOf(Socket);
    expect(socket.destroyed).toBe(true);
    expect(replaced?.remoteAddress).toBe('127.0.0.1');
    replaced?.destroy();
  });
});
