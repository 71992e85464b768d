import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  symlinkSync,
  renameSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { connect, uint32 } from '@spop/builder';
import '@spop/builder/vitest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectPeer, eventually, listenOn, makeFolder, startAgent } from './harness.ts';

/** Leaves the file of a unix socket behind that nobody listens on any more, as a process that was killed does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' });
  await once(child, 'exit');
  expect(statSync(path).isSocket()).toBe(true);
}

describe('listen', () => {
  it('on TCP port 0 resolves to the port that it got', async () => {
    const { agent } = await startAgent();
    const address = await listenOn(agent, { port: 0 });
    expect(address).toEqual({ host: '127.0.0.1', port: expect.any(Number) as number });
    const peer = await connectPeer(address);
    expect((await peer.hello()).version).toBe('2.0');
  });

  it('on a TCP port in use rejects, and the agent can listen elsewhere', async () => {
    const { target } = await startAgent({ link: 'IPv4' });
    const { agent } = await startAgent();
    if (!('port' in target)) throw new Error('expected a port');
    await expect(agent.listen({ port: target.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const elsewhere = await connectPeer(await listenOn(agent, { port: 0 }));
    expect((await elsewhere.hello()).version).toBe('2.0');
  });

  it('on several addresses serves all of them', async () => {
    const { agent } = await startAgent();
    const addresses = await Promise.all([
      listenOn(agent, { port: 0 }),
      listenOn(agent, { port: 0 }),
      listenOn(agent, { path: join(makeFolder(), 'a.sock') }),
    ]);
    const hellos = await Promise.all(addresses.map(async (address) => (await connectPeer(address)).hello()));
    expect(hellos.map(({ version }) => version)).toEqual(['2.0', '2.0', '2.0']);
  });

  it.each([0o600, 0o660, 0o666])('on a unix socket sets its mode: %o', async (mode) => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    expect(await agent.listen({ path, mode })).toEqual({ path });
    expect((statSync(path).mode & 0o777).toString(8)).toBe(mode.toString(8));
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    await agent.close();
    expect(existsSync(path)).toBe(false);
  });

  it('on a unix socket replaces the file of one that nobody listens on', async () => {
    const path = join(makeFolder(), 'agent.sock');
    await leaveStaleSocket(path);
    const { agent } = await startAgent();
    await agent.listen({ path });
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
  });

  it('on a unix socket that another agent serves rejects, and disturbs nobody', async () => {
    const path = join(makeFolder(), 'agent.sock');
    const first = await startAgent();
    await first.agent.listen({ path });
    const { agent } = await startAgent();
    await expect(agent.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await agent.close();
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    expect(Object.values(first.reports).flat()).toHaveLength(1);
  });

  it.each([
    ['a file', (path: string): void => writeFileSync(path, 'precious')],
    ['a folder', (path: string): void => mkdirSync(path)],
    ['a link to a file', (path: string): void => symlinkSync(import.meta.filename, path)],
  ])('on a path that is %s rejects, and leaves it as it is', async (_, make) => {
    const path = join(makeFolder(), 'agent.sock');
    make(path);
    const before = statSync(path).ino;
    const { agent } = await startAgent();
    await expect(agent.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(statSync(path).ino).toBe(before);
    if (lstatSync(path).isFile()) expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('on a path in no folder rejects', async () => {
    const { agent } = await startAgent();
    await expect(agent.listen({ path: join(makeFolder(), 'no', 'agent.sock') })).rejects.toMatchObject({
      code: expect.stringMatching(/^(EACCES|ENOENT)$/) as string,
    });
  });

  it('leaves no socket open where the mode cannot be set', async () => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    await expect(agent.listen({ path, mode: Number.NaN })).rejects.toThrow(/mode/);
    expect(existsSync(path)).toBe(false);
  });

  it('after close rejects', async () => {
    const { agent } = await startAgent();
    await agent.close();
    await expect(agent.listen({ port: 0 })).rejects.toMatchObject({ code: 'SPOP_MISUSE' });
    expect(() => agent.handle(duplexPair()[0])).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
  });

  it('that close overtakes rejects, and nobody listens', async () => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    const listening = agent.listen({ path });
    const closed = agent.close();
    await expect(listening).rejects.toMatchObject({ code: 'SPOP_MISUSE' });
    await closed;
    await expect(connect({ path })).rejects.toThrow(/ENOENT/);
  });
});

describe('listen on a file descriptor', () => {
  /** A child that serves an agent on its file descriptor 3, as systemd's socket activation hands one over. */
  function startChild(server: Server): ChildProcess {
    const fixture = new URL('fd-agent.fixture.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--conditions=@spop/source', fixture], {
      stdio: ['pipe', 'pipe', 'inherit', Reflect.get(server, '_handle') as never],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  it.each(['TCP', 'unix socket'])('serves the socket that is open there: %s', async (kind) => {
    const server = createServer();
    const target = kind === 'TCP' ? { host: '127.0.0.1', port: 0 } : { path: join(makeFolder(), 'fd.sock') };
    await new Promise<void>((resolve) => {
      server.listen(target, resolve);
    });
    const address = server.address();
    const child = startChild(server);
    // A server that closes removes the file that it made.
    if (typeof address === 'string') renameSync(address, `${address}.kept`);
    server.close();
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const where =
      typeof address === 'string' ? { path: `${address}.kept` } : { host: '127.0.0.1', port: address!.port };
    expect(JSON.parse(line.toString())).toEqual('path' in where ? { fd: 3 } : where);
    const peer = await connectPeer(where);
    expect((await peer.notify('m')).actions).toHaveLength(1);
    child.stdin!.end();
    expect(await peer.receive()).toBeDisconnect(0);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('that is not open rejects', async () => {
    const { agent } = await startAgent();
    await expect(agent.listen({ fd: 9_999 })).rejects.toThrow(/EBADF|EINVAL/);
  });
});

describe('handle', () => {
  it('serves both ends of nothing: a stream that is closed already is no connection', async () => {
    const { agent } = await startAgent();
    const [closed] = duplexPair();
    closed.destroy();
    await once(closed, 'close');
    agent.handle(closed);
    expect(agent.connectionCount).toBe(0);
  });

  it('serves a socket of a server that does not pause its connections', async () => {
    const { agent, reports } = await startAgent();
    const server = createServer({ allowHalfOpen: true }, (socket) => agent.handle(socket));
    await new Promise<void>((resolve) => {
      server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    const peer = await connectPeer({ host: '127.0.0.1', port: address.port });
    expect((await peer.notify('m')).actions).toEqual([]);
    expect(reports.connection[0]?.connection.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    await peer.disconnect();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });

  it('answers a NOTIFY that a handler writes to the other end of its own connection', async () => {
    const [ours, theirs] = duplexPair();
    const { haproxyHello, notify, parseStream } = await import('@spop/builder');
    const chunks: Buffer[] = [];
    let left = 3;
    const { agent } = await startAgent({
      setup: (a) =>
        a.onNotify(() => {
          if (left-- > 0) ours.write(notify({ streamId: left }).message('again').toBytes());
        }),
    });
    ours.on('data', (chunk: Buffer) => chunks.push(chunk));
    agent.handle(theirs);
    ours.write(
      Buffer.concat([haproxyHello(), notify({ streamId: 9 }), notify({ streamId: 8 })].map((f) => f.toBytes())),
    );
    await eventually(() => parseStream(Buffer.concat(chunks), { ackPadding: true }).frames.length === 6);
    const { frames } = parseStream(Buffer.concat(chunks), { ackPadding: true });
    expect(frames.map(({ type, streamId }) => `${type} ${streamId}`)).toEqual([
      'AGENT-HELLO 0',
      'ACK 9',
      'ACK 8',
      'ACK 2',
      'ACK 1',
      'ACK 0',
    ]);
    ours.end();
  });
});

describe('maxConnections', () => {
  it('refuses those above it with status 13, until others have gone', async () => {
    const { agent, connect: open, reports } = await startAgent({ link: 'IPv4', maxConnections: 2 });
    const [first, second] = await Promise.all([open(), open()]);
    await Promise.all([first.hello(), second.hello()]);
    const third = await open();
    const refusal = await third.receive();
    expect(refusal).toHaveProperty('items.0.value', uint32(13));
    await third.closed();
    expect(reports.overload).toMatchObject([{ connection: { id: 3 }, reason: 'more than 2 connections' }]);
    expect((await first.notify('m')).actions).toEqual([]);
    second.close();
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect((await (await open()).hello()).version).toBe('2.0');
  });

  it('never holds more than twice as many, however many come', async () => {
    const { agent, connect: open, target } = await startAgent({ link: 'IPv4', maxConnections: 5 });
    const peers = await Promise.all(Array.from({ length: 5 }, () => open()));
    await Promise.all(peers.map((peer) => peer.hello()));
    const refused = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const socket = new Socket({ allowHalfOpen: true });
        if (!('port' in target)) throw new Error('expected a port');
        socket.on('error', () => {});
        socket.resume();
        socket.connect(target);
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
        return socket;
      }),
    );
    expect(agent.connectionCount).toBeLessThanOrEqual(10);
    expect(
      await eventually(() => refused.filter((socket) => socket.destroyed || socket.readableEnded).length === 60),
    ).toBe(true);
    for (const socket of refused) socket.destroy();
    expect((await peers[0]!.notify('m')).actions).toEqual([]);
  });
});
