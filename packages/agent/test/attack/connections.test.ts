import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, listenOn, makeFolder, pooledBuffersOut, startAgent } from '../harness.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

function scoring(agent: Agent): unknown {
  return agent.onMessage(checkClientIp, (message, ack) => {
    ack.set(ipScore, message.ip.toString() === '10.0.0.1' ? 100 : 0);
  });
}

/** The number of files that this process may have open. */
function maxOpenFiles(): number {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\d+)/m);
    return Number(line?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}

/** Each connection takes two files, both of this process; some are left for everything else. */
const CONNECTIONS = Math.max(100, Math.min(10_000, Math.floor((maxOpenFiles() - 300) / 2)));
if (CONNECTIONS < 10_000) {
  console.log(`10,000 idle connections are tested with ${CONNECTIONS}: ${maxOpenFiles()} files may be open here`);
}

/** Few enough for any backlog: a unix socket refuses more, TCP lets them wait. */
const BATCH = 200;

async function openMany(
  count: number,
  open: (index: number) => Socket,
  isAccepted: (count: number) => boolean = () => true,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(BATCH, count - sockets.length) }, (_, i) => open(sockets.length + i));
    sockets.push(...batch);
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    // The client of a unix socket is connected before the agent accepts it.
    await eventually(() => isAccepted(sockets.length));
  }
  return sockets;
}

describe('idle connections', () => {
  it(`${CONNECTIONS} over TCP and unix sockets are served, take less than 16 KB each at both ends, and leak nothing`, async () => {
    const { agent, connect } = await startAgent({ maxConnections: 20_000, setup: scoring, link: 'IPv4' });
    const tcp = await listenOn(agent, { port: 0 });
    const unix = await listenOn(agent, { path: join(makeFolder(), 'many.sock') });
    const good = await connect();
    await good.hello();
    const before = process.memoryUsage();
    let hellos = 0;
    const sockets = await openMany(
      CONNECTIONS - 1,
      (index) => {
        const socket = connectSocket(index % 2 === 0 ? { ...tcp } : { ...unix });
        socket.on('error', () => {});
        socket.once('data', () => hellos++);
        socket.write(haproxyHello().toBytes());
        return socket;
      },
      (count) => agent.connectionCount > count,
    );
    expect(await eventually(() => hellos === sockets.length, 30_000)).toBe(true);
    expect(agent.connectionCount).toBe(CONNECTIONS);
    const after = process.memoryUsage();
    const each = (after.heapUsed + after.external - before.heapUsed - before.external) / sockets.length;
    expect(each).toBeLessThan(16_384);
    expect(pooledBuffersOut()).toBe(0);
    expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
    for (const socket of sockets) socket.destroy();
    expect(await eventually(() => agent.connectionCount === 1, 30_000)).toBe(true);
    expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
  }, 60_000);
});

describe('a storm', () => {
  it('of 3,000 connections that are reset at once, or close after their HELLO, affects no other connection', async () => {
    const { agent, connect, reports, target } = await startAgent({ setup: scoring, link: 'IPv4' });
    const good = await connect();
    await good.hello();
    if (!('port' in target)) throw new Error('expected a port');
    const hello = haproxyHello().toBytes();
    for (let round = 0; round < 15; round++) {
      const sockets = await openMany(200, () => {
        const socket = connectSocket(target);
        socket.on('error', () => {});
        return socket;
      });
      for (const [i, socket] of sockets.entries()) {
        if (i % 3 !== 0) socket.write(hello);
        if (i % 2 === 0) socket.resetAndDestroy();
        else socket.end();
      }
    }
    expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect(reports.transportError).toEqual([]);
  }, 30_000);

  it('of 1,000 connections whose HELLO is refused, as HAProxy 3.0 and older make it, is answered on each', async () => {
    const { agent, connect, reports, target } = await startAgent({ setup: scoring, link: 'IPv4' });
    const good = await connect();
    await good.hello();
    if (!('port' in target)) throw new Error('expected a port');
    const hello = haproxyHello({ supportedVersions: '1.0' }).toBytes();
    let answers = 0;
    for (let round = 0; round < 10; round++) {
      await openMany(100, () => {
        const socket = connectSocket(target);
        socket.on('error', () => {});
        socket.once('data', () => answers++);
        socket.write(hello);
        return socket;
      });
    }
    expect(await eventually(() => answers === 1_000)).toBe(true);
    expect(reports.protocolError).toHaveLength(1_000);
    expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
  }, 30_000);
});

describe('500 peers that send a frame byte by byte', () => {
  it('delay no other connection, and are ended with status 2', async () => {
    const { agent, connect, reports, target } = await startAgent({
      setup: scoring,
      link: 'IPv4',
      partialFrameTimeoutMs: 150,
      helloTimeoutMs: 150,
    });
    const good = await connect();
    await good.hello();
    const peers = await Promise.all(Array.from({ length: 500 }, () => connectRaw(target)));
    const bytes = Buffer.concat([
      haproxyHello().toBytes(),
      notify().message(checkClientIp, { ip: '10.0.0.1' }).toBytes(),
    ]);
    for (let i = 0; i < 40; i++) {
      for (const [index, peer] of peers.entries()) {
        if (!peer.stream.destroyed) peer.send(bytes.subarray(index % 60, bytes.length).subarray(i, i + 1));
      }
      expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
      await sleep(10);
    }
    expect(await eventually(() => peers.every((peer) => peer.ending() !== undefined))).toBe(true);
    for (const peer of peers) peer.stream.destroy();
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect(reports.handlerError).toEqual([]);
  }, 30_000);
});

describe('1,000 peers that are gone before their handlers answer', () => {
  it('leave no NOTIFY in flight, and their handlers affect no other connection', async () => {
    const gates: (() => void)[] = [];
    const { agent, connect, reports, target } = await startAgent({
      link: 'IPv4',
      // On a busy machine their NOTIFYs take longer than a second to arrive.
      processingTimeoutMs: 0,
      setup: (a) =>
        a.onMessage(checkClientIp, async (message, ack) => {
          const isGood = message.ip.toString() === '10.0.0.1';
          if (!isGood) await new Promise<void>((resolve) => gates.push(resolve));
          ack.set(ipScore, 1);
        }),
    });
    const good = await connect();
    await good.hello();
    if (!('port' in target)) throw new Error('expected a port');
    const bytes = Buffer.concat([
      haproxyHello().toBytes(),
      notify().message(checkClientIp, { ip: '192.0.2.1' }).toBytes(),
    ]);
    const sockets = await openMany(1_000, () => {
      const socket = connectSocket(target);
      socket.on('error', () => {});
      socket.write(bytes);
      return socket;
    });
    expect(await eventually(() => gates.length === 1_000)).toBe(true);
    expect(agent.inFlightCount).toBe(1_000);
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect(agent.inFlightCount).toBe(0);
    for (const open of gates) open();
    await sleep(1);
    expect(reports.handlerError).toEqual([]);
    expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 1);
  }, 30_000);
});

describe('a peer that closes its side while a handler never settles', () => {
  it('is destroyed after lingerTimeoutMs, and its NOTIFY with it', async () => {
    const signals: AbortSignal[] = [];
    const { agent, target, reports } = await startAgent({
      link: 'IPv4',
      lingerTimeoutMs: 100,
      setup: (it) =>
        it.onMessage(checkClientIp, (_, __, { signal }) => {
          signals.push(signal);
          return new Promise(() => {});
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify({ streamId: 1 }).message(checkClientIp, { ip: '10.0.0.1' }));
    await eventually(() => agent.inFlightCount === 1);
    peer.stream.end();
    await eventually(() => agent.inFlightCount === 0);
    expect(signals).toMatchObject([{ aborted: true }]);
    await eventually(() => reports.disconnect.length === 1);
    expect(pooledBuffersOut()).toBe(0);
  });
});
