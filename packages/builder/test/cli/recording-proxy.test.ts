import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/cli/capture/recorder.ts';
import { RecordingProxy } from '../../src/cli/recording-proxy.ts';
import { addressText, parseAddress, type Address, type AgentTarget } from '../../src/cli/target.ts';
import { targetOf } from './peers.ts';

interface Recording {
  readonly haproxy: Socket;
  readonly proxy: RecordingProxy;
  /** Where it listens. */
  readonly at: Address;
  readonly lines: string[];
  /** What was recorded, without times. */
  events(): string[];
}

/** A proxy until the test ends, a connection to it, and what it has recorded. */
async function recording(target: AgentTarget, listen: string): Promise<Recording> {
  const lines: string[] = [];
  const proxy = new RecordingProxy(target, new Recorder((line) => lines.push(line), false), (text) => lines.push(text));
  const at = parseAddress(await proxy.listen(parseAddress(listen)));
  stopAfterTest({ stop: () => proxy.close() });
  const haproxy = connectSocket({ ...at, allowHalfOpen: true });
  await once(haproxy, 'connect');
  const events = (): string[] => lines.map((line) => line.replace(/^(?:# .*)?\n?\d+\.\d+ /, '').trimEnd());
  return { haproxy, proxy, at, lines, events };
}

async function onUnixSocket(target: AgentTarget): Promise<Recording> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const address = `unix:${folder.file('record.sock')}`;
  const recorded = await recording(target, address);
  expect(addressText(recorded.at)).toBe(address);
  return recorded;
}

const onTcp = (target: AgentTarget): Promise<Recording> => recording(target, '127.0.0.1:0');

/** An agent that keeps its connections. */
async function agentWith(onSocket: (socket: Socket) => void = () => undefined): Promise<{
  readonly target: AgentTarget;
  readonly connected: Promise<Socket>;
}> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const target = await targetOf((socket) => {
    onSocket(socket);
    resolve(socket);
  });
  return { target, connected: promise };
}

async function unixTarget(serve: (socket: Socket) => void): Promise<AgentTarget> {
  return targetOf(serve, { path: stopAfterTest(await TemporaryFolder.make()).file('agent.sock') });
}

/** A number that has not changed for 100 turns of the event loop. */
async function settled(read: () => number): Promise<number> {
  let last = read();
  for (let turns = 0; turns < 100; turns++) {
    await nextTurn();
    if (read() !== last) turns = 0;
    last = read();
  }
  return last;
}

describe('RecordingProxy', () => {
  it('stops to read a side while the other does not, and loses nothing', async () => {
    const sent = Buffer.alloc(1 << 20, 'x');
    const agent = Promise.withResolvers<Socket>();
    const { haproxy } = await onUnixSocket(
      await unixTarget((socket) => {
        socket.pause();
        agent.resolve(socket);
      }),
    );
    haproxy.end(sent);
    const socket = await agent.promise;
    // The buffers of all sockets between the two hold less.
    expect(await settled(() => haproxy.writableLength)).toBeGreaterThan(0);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    await once(socket, 'end');
    expect(received).toBe(sent.length);
  });

  // For some of the lengths a part waits in the proxy at the end, whatever the buffers of sockets hold.
  it('delivers all of an answer to a side that reads late', async () => {
    const lengths = Array.from({ length: 12 }, (_, index) => 100_000 + 30_000 * index);
    const { haproxy, at } = await onUnixSocket(
      await unixTarget(
        (socket) => void socket.once('data', (chunk) => socket.end(Buffer.alloc(Number(chunk)))).resume(),
      ),
    );
    haproxy.end('1');
    const sockets = await Promise.all(
      lengths.map(async (length) => {
        const socket = connectSocket({ ...at, allowHalfOpen: true });
        socket.end(String(length));
        await once(socket, 'readable');
        return socket;
      }),
    );
    await settled(() => 0);
    const received = sockets.map(async (socket) => {
      let count = 0;
      for await (const chunk of socket) count += (chunk as Buffer).length;
      return count;
    });
    expect(await Promise.all(received)).toEqual(lengths);
  });

  it('ends the agent’s connection with HAProxy’s, and the other way round', async () => {
    const agents: Socket[] = [];
    const target = await unixTarget((socket) => agents.push(socket));
    const first = await onUnixSocket(target);
    await expect.poll(() => agents.length).toBe(1);
    first.haproxy.destroy();
    await once(agents[0]!.resume(), 'end');
    agents[0]!.end();
    await expect.poll(() => first.lines.at(-1)).toMatch(/ 1 close haproxy\n$/);
    const second = await onUnixSocket(target);
    await expect.poll(() => agents.length).toBe(2);
    agents[1]!.destroy();
    await once(second.haproxy.resume(), 'end');
    second.haproxy.end();
    await expect.poll(() => second.lines.at(-1)).toMatch(/ 1 close agent\n$/);
  });

  it('closes a unix socket, which has no reset, if the agent cannot be reached', async () => {
    const target = await unixTarget(() => undefined);
    const gone = { ...target, address: { path: '/nowhere/agent.sock' } };
    const { haproxy, lines } = await onUnixSocket(gone);
    haproxy.resume();
    await once(haproxy, 'end');
    expect(lines.join('')).toContain('could not connect to the agent: ');
    expect(lines.at(-1)).toMatch(/ 1 close agent\n$/);
  });

  it('passes bytes on both ways, and ends of one direction', async () => {
    const { target, connected } = await agentWith();
    const { haproxy, proxy, events } = await onTcp(target);
    const ended = proxy.whenEnded(1);
    haproxy.end('ping?');
    const agent = await connected;
    expect(String(await once(agent, 'data'))).toBe('ping?');
    await once(agent, 'end');
    agent.end('pong!');
    expect(String(await once(haproxy, 'data'))).toBe('pong!');
    await ended;
    expect(events()).toEqual(['1 open', '1 haproxy 70696e673f', '1 agent 706f6e6721', '1 close haproxy']);
  });

  it('passes on a reset of HAProxy', async () => {
    const { target, connected } = await agentWith();
    const { haproxy, proxy, events } = await onTcp(target);
    const ended = proxy.whenEnded(1);
    const reset = once(await connected, 'error').catch((error: unknown) => [error]);
    haproxy.resetAndDestroy();
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    await ended;
    expect(events()).toEqual(['1 open', '1 close haproxy']);
  });

  it('passes on a reset of the agent', async () => {
    const { target, connected } = await agentWith();
    const { haproxy, proxy, events } = await onTcp(target);
    const ended = proxy.whenEnded(1);
    const reset = once(haproxy, 'error');
    haproxy.write('ping?');
    await once(await connected, 'data');
    (await connected).resetAndDestroy();
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }]);
    await ended;
    expect(events()).toEqual(['1 open', '1 haproxy 70696e673f', '1 close agent']);
  });

  it('resets the connection if the agent cannot be reached', async () => {
    const { target } = await agentWith();
    const { haproxy, lines, events } = await onTcp({ ...target, address: { path: '/nowhere/agent.sock' } });
    expect(await once(haproxy, 'error')).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(lines[1]).toBe('could not connect to the agent: connect ENOENT /nowhere/agent.sock');
    expect(events().at(-1)).toBe('1 close agent');
  });

  it('passes on an end that comes before the agent is connected', async () => {
    const { target } = await agentWith((socket) => void socket.on('end', () => socket.end()).resume());
    const { haproxy, proxy, events } = await onTcp(target);
    const ended = proxy.whenEnded(1);
    haproxy.end();
    await ended;
    expect(events()).toEqual(['1 open', '1 close haproxy']);
  });

  it('knows when so many connections have come, and all have ended', async () => {
    const { target } = await agentWith((socket) => void socket.on('end', () => socket.end()).resume());
    const { haproxy, proxy, at, events } = await onTcp(target);
    let isEnded = false;
    const ended = proxy.whenEnded(2).then(() => (isEnded = true));
    const hasEnded = async (connection: number): Promise<void> => {
      const close = `${connection} close haproxy`;
      while (!events().includes(close)) await nextTurn();
    };
    haproxy.end();
    await hasEnded(1);
    expect([await settled(() => Number(isEnded)), proxy.connections]).toEqual([0, 1]);
    const [second, third] = [connectSocket(at), connectSocket(at)];
    await Promise.all([once(second, 'connect'), once(third, 'connect')]);
    second.end();
    await hasEnded(2);
    expect([await settled(() => Number(isEnded)), proxy.connections]).toEqual([0, 3]);
    third.end();
    await ended;
    expect(events().filter((event) => event.endsWith('open'))).toEqual(['1 open', '2 open', '3 open']);
  });

  it('ends all connections with its own end, and takes no more', async () => {
    const { target, connected } = await agentWith();
    const { haproxy, proxy, at, events } = await onTcp(target);
    const agent = await connected;
    const ends = [haproxy, agent].map((socket) => once(socket.resume(), 'end'));
    await proxy.close();
    expect(events()).toEqual(['1 open', '1 close haproxy']);
    await Promise.all(ends);
    expect(await once(connectSocket(at), 'error')).toMatchObject([{ code: 'ECONNREFUSED' }]);
  });

  it('ends the connection to the agent if HAProxy has reset its own meanwhile', async () => {
    // A handshake without a certificate.
    const psk = Buffer.alloc(16, 'x');
    const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
    const ended = Promise.withResolvers<void>();
    const server = createServer({ ...tls, pskCallback: () => psk }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('close', () => ended.resolve());
      socket.resume().on('end', () => socket.end());
    });
    const { target, connected } = await agentWith();
    const { haproxy, proxy, events } = await onTcp({
      ...target,
      tls: { ...tls, pskCallback: () => ({ psk, identity: 'proxy' }), checkServerIdentity: () => undefined },
    });
    const recorded = proxy.whenEnded(1);
    const waiting = await connected;
    haproxy.resetAndDestroy();
    await once(haproxy, 'close');
    await settled(() => 0);
    server.emit('connection', waiting);
    await Promise.all([ended.promise, recorded]);
    expect(events()).toEqual(['1 open', '1 close haproxy']);
  });
});
