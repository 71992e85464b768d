import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  symlinkSync,
  renameSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex, duplexPair, Readable, Writable } from 'node:stream';
import { connect, data } from '@spop/builder';
import '@spop/builder/vitest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectPeer, eventually, listenOn, makeFolder, startAgent } from './harness.ts';
import { thrownBy } from './thrown.ts';

/** Leaves the file of a unix socket without a listener, as a killed process does. */
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

  it.each([
    ['127.0.0.1:0', '127.0.0.1'],
    ['[::1]:0', '::1'],
    ['localhost:0', '127.0.0.1'],
    [':0', '127.0.0.1'],
    [':0', '::1'],
  ])('on the text %s is reached at %s', async (text, host) => {
    const { agent } = await startAgent();
    const address = await agent.listen(text);
    if (!('port' in address)) throw new Error('expected a port');
    const peer = await connectPeer({ host: text.startsWith('localhost') ? address.host : host, port: address.port });
    expect((await peer.hello()).version).toBe('2.0');
  });

  it('on the text of a unix socket is reached at its path', async () => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    expect(await agent.listen(`unix@${path}`)).toEqual({ path });
    const peer = await connectPeer({ path });
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

  it.each([0o600, 0o660, 0o666])('on a unix socket sets the mode of its file: %o', async (mode) => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    expect(await agent.listen({ path, mode })).toEqual({ path });
    expect((statSync(path).mode & 0o777).toString(8)).toBe(mode.toString(8));
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    await agent.close();
    expect(existsSync(path)).toBe(false);
  });

  it('on a unix socket replaces a file without a listener', async () => {
    const path = join(makeFolder(), 'agent.sock');
    await leaveStaleSocket(path);
    const { agent } = await startAgent();
    await agent.listen({ path });
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
  });

  it('on the stale file of a unix socket, by two agents at once, resolves for one, and rejects for the other', async () => {
    const path = join(makeFolder(), 'agent.sock');
    await leaveStaleSocket(path);
    const agents = await Promise.all([startAgent(), startAgent()]);
    const results = await Promise.allSettled(agents.map(({ agent }) => agent.listen({ path })));
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(reasons).toMatchObject([{ code: 'EADDRINUSE' }]);
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    const loser = results.findIndex(({ status }) => status === 'rejected');
    await agents[loser]?.agent.close();
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
  });

  it('on a unix socket that another agent serves rejects, and does not disturb that agent', async () => {
    const path = join(makeFolder(), 'agent.sock');
    const first = await startAgent();
    await first.agent.listen({ path });
    const { agent } = await startAgent();
    await expect(agent.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await agent.close();
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    expect(Object.values(first.reports).flat()).toHaveLength(1);
  });

  const given = "listen() to be given an object or a text, such as { port: 9000 } or '127.0.0.1:9000'";
  it.each([
    [undefined, TypeError, `${given}; found undefined`],
    [null, TypeError, `${given}; found null`],
    [9000, TypeError, `${given}; found 9000`],
    [{}, TypeError, 'listen() to be given one of port, path and fd; found nothing'],
    [{ host: '127.0.0.1' }, TypeError, 'listen() to be given one of port, path and fd; found host'],
    [{ path: 'x.sock', port: 1 }, TypeError, 'listen() to be given one of port, path and fd; found path, port'],
    [{ port: 0, hots: '::' }, TypeError, "one of the options port, host, backlog of listen({ port }); found 'hots'"],
    [{ port: 0, mode: 0o600 }, TypeError, "one of the options port, host, backlog of listen({ port }); found 'mode'"],
    [{ path: 'x', mod: 1 }, TypeError, "one of the options path, mode, backlog of listen({ path }); found 'mod'"],
    [
      { port: undefined },
      RangeError,
      'port to be an integer from 0 to 65535, where 0 is any free one; found undefined',
    ],
    [{ port: Number.NaN }, RangeError, 'port to be an integer from 0 to 65535, where 0 is any free one; found NaN'],
    [{ port: '9000' }, RangeError, 'port to be an integer from 0 to 65535, where 0 is any free one; found "9000"'],
    [{ port: 65_536 }, RangeError, 'port to be an integer from 0 to 65535, where 0 is any free one; found 65536'],
    [{ port: -1 }, RangeError, 'port to be an integer from 0 to 65535, where 0 is any free one; found -1'],
    [{ port: 0, host: '' }, TypeError, `host to be a name or an address, '::' being all of them; found ""`],
    [{ port: 0, host: null }, TypeError, "host to be a name or an address, '::' being all of them; found null"],
    [{ port: 0, backlog: 0 }, RangeError, 'backlog to be an integer from 1 to 2147483647; found 0'],
    [{ port: 0, backlog: 2 ** 31 }, RangeError, 'backlog to be an integer from 1 to 2147483647; found 2147483648'],
    [{ path: '' }, TypeError, 'path to be a non-empty string; found ""'],
    [{ path: undefined }, TypeError, 'path to be a non-empty string; found undefined'],
    [{ path: 'x', mode: 660 }, RangeError, 'mode to be an integer from 0 to 511 (0o777), such as 0o660; found 660'],
    [{ path: 'x', mode: '660' }, RangeError, 'mode to be an integer from 0 to 511 (0o777), such as 0o660; found "660"'],
    [{ fd: -1 }, RangeError, 'fd to be an integer from 0 to 2147483647; found -1'],
    [{ fd: '3' }, RangeError, 'fd to be an integer from 0 to 2147483647; found "3"'],
  ])('refuses %o', async (target, ErrorType, reason) => {
    const { agent } = await startAgent();
    const listening: unknown = Reflect.apply(agent.listen, agent, [target]);
    await expect(listening).rejects.toThrow(new ErrorType(`expected ${reason}`));
    await expect(listening).rejects.toBeInstanceOf(ErrorType);
  });

  it('replaces undefined by the default of host, mode and backlog', async () => {
    const { agent } = await startAgent();
    const targets = [
      { port: 0, host: undefined, backlog: undefined },
      { path: join(makeFolder(), 'agent.sock'), mode: undefined, backlog: 1 },
    ];
    for (const target of targets) {
      const listening: unknown = Reflect.apply(agent.listen, agent, [target]);
      await expect(listening).resolves.toBeDefined();
    }
  });

  it('takes a path of 107 bytes, refuses one of 108, and says why', async () => {
    const { agent } = await startAgent();
    const folder = makeFolder();
    // The last character takes two bytes.
    const longest = join(folder, `${'a'.repeat(104 - Buffer.byteLength(folder))}ü`);
    expect(await agent.listen({ path: longest })).toEqual({ path: longest });
    const error = new RangeError(
      `expected path to be at most 107 bytes long, the most that a socket address holds, not 108; found "${longest}a"`,
    );
    await expect(agent.listen({ path: `${longest}a` })).rejects.toThrow(error);
  });

  it('on an abstract socket makes no file', async () => {
    const { agent } = await startAgent();
    const path = `\0${join(makeFolder(), 'agent.sock')}`;
    expect(await agent.listen({ path })).toEqual({ path });
    await agent.close();
  });

  it.each([
    ['a socket', (path: string): Promise<void> => leaveStaleSocket(path)],
    ['a file', async (path: string): Promise<void> => writeFileSync(path, 'precious')],
    ['nothing', async (): Promise<void> => {}],
  ])('leaves what another process has put at its path, on close: %s', async (_, put) => {
    const { agent } = await startAgent();
    const folder = makeFolder();
    const path = join(folder, 'agent.sock');
    await agent.listen({ path });
    unlinkSync(path);
    await put(path);
    const before = statSync(path, { throwIfNoEntry: false })?.ino;
    await agent.close();
    expect(statSync(path, { throwIfNoEntry: false })?.ino).toBe(before);
    expect(readdirSync(folder)).toHaveLength(before === undefined ? 0 : 1);
  });

  it('leaves the socket of an agent that took over its path, on close', async () => {
    const [first, second] = [await startAgent(), await startAgent()];
    const path = join(makeFolder(), 'agent.sock');
    await first.agent.listen({ path });
    unlinkSync(path);
    await second.agent.listen({ path });
    await first.agent.close();
    expect((await (await connectPeer({ path })).hello()).version).toBe('2.0');
    await second.agent.close();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['a file', (path: string): void => writeFileSync(path, 'precious')],
    ['a folder', (path: string): void => mkdirSync(path)],
    ['a link to a file', (path: string): void => symlinkSync(import.meta.filename, path)],
  ])('on a path that is %s rejects, and does not change it', async (_, make) => {
    const path = join(makeFolder(), 'agent.sock');
    make(path);
    const before = statSync(path).ino;
    const { agent } = await startAgent();
    await expect(agent.listen({ path })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `listen EADDRINUSE: address already in use ${path}: the path is not a socket; remove the file, or listen on another path`,
    });
    expect(statSync(path).ino).toBe(before);
    if (lstatSync(path).isFile()) expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('on a path in no folder rejects, and says so', async () => {
    const { agent } = await startAgent();
    const folder = join(makeFolder(), 'no');
    await expect(agent.listen({ path: join(folder, 'agent.sock') })).rejects.toMatchObject({
      code: expect.stringMatching(/^(EACCES|ENOENT)$/) as string,
      message: expect.stringContaining(`: there is no folder ${folder}; make it first`) as string,
    });
  });

  it('makes no socket if the mode is invalid', async () => {
    const { agent } = await startAgent();
    const path = join(makeFolder(), 'agent.sock');
    await expect(agent.listen({ path, mode: Number.NaN })).rejects.toThrow(/mode/);
    expect(existsSync(path)).toBe(false);
  });

  it('after close rejects', async () => {
    const { agent } = await startAgent();
    await agent.close();
    await expect(agent.listen({ port: 0 })).rejects.toMatchObject({ code: 'SPOP_MISUSE' });
  });

  it('refuses a mode for an abstract socket, which has no file', async () => {
    const { agent } = await startAgent();
    const listening = agent.listen({ path: '\0spop-abstract', mode: 0o600 });
    await expect(listening).rejects.toThrow('expected no mode for an abstract socket, which has no file; found 384');
  });

  it('rejects if close() is called meanwhile, and no server listens', async () => {
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

  it.each(['TCP', 'unix socket'])('serves the open socket: %s', async (kind) => {
    const server = createServer();
    const target = kind === 'TCP' ? { host: '127.0.0.1', port: 0 } : { path: join(makeFolder(), 'fd.sock') };
    await new Promise<void>((resolve) => {
      server.listen(target, resolve);
    });
    const address = server.address();
    const child = startChild(server);
    // A closing server removes the file that it made.
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
    await expect(agent.listen({ fd: 9_999 })).rejects.toThrow(
      /(EBADF|EINVAL).*: fd 9999 is not a socket to listen on$/,
    );
  });
});

describe('handle', () => {
  it.each([
    [undefined, 'undefined'],
    ['socket', '"socket"'],
    [{}, '{}'],
    [Readable.from([]), '[Readable]'],
    [new Writable(), '[Writable]'],
  ])('throws at once for anything that is no Duplex: %o', async (stream, found) => {
    const { agent } = await startAgent();
    const error = thrownBy(() => Reflect.apply(agent.handle, agent, [stream]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected a Duplex stream, such as a socket; found ${found}`);
    expect(agent.connectionCount).toBe(0);
  });

  it('ignores a stream that is closed already', async () => {
    const { agent } = await startAgent();
    const [closed] = duplexPair();
    closed.destroy();
    await once(closed, 'close');
    agent.handle(closed);
    expect(agent.connectionCount).toBe(0);
  });

  it('serves a socket of a server that does not pause its connections', async () => {
    const { agent, reports } = await startAgent();
    const server = createServer((socket) => agent.handle(socket));
    await new Promise<void>((resolve) => {
      server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    const peer = await connectPeer({ host: '127.0.0.1', port: address.port });
    expect((await peer.notify('m')).actions).toEqual([]);
    expect(reports.connect[0]?.connection.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    await peer.disconnect();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });

  it('refuses a stream that reads text', async () => {
    const { agent } = await startAgent();
    const [stream] = duplexPair();
    stream.setEncoding('latin1');
    expect(() => agent.handle(stream)).toThrow(
      new TypeError('expected a stream of bytes, without setEncoding(); found "latin1"'),
    );
  });

  it('destroys a stream that arrives after close, such as one whose TLS handshake took longer', async () => {
    const { agent } = await startAgent();
    await agent.close();
    const [stream] = duplexPair();
    agent.handle(stream);
    expect(stream.destroyed).toBe(true);
    expect(agent.connectionCount).toBe(0);
  });

  it('destroys a stream that can no longer take an answer', async () => {
    const { agent } = await startAgent();
    const [stream] = duplexPair();
    stream.end();
    agent.handle(stream);
    expect([stream.destroyed, agent.connectionCount]).toEqual([true, 0]);
  });

  it('counts a stream that never emits close as closed', async () => {
    const { agent } = await startAgent({ lingerTimeoutMs: 20 });
    const stream = new Duplex({ emitClose: false, read() {}, write: (_chunk, _encoding, done) => done() });
    agent.handle(stream);
    expect(agent.connectionCount).toBe(1);
    await agent.close({ graceMs: 40 });
    expect(agent.connectionCount).toBe(0);
  });

  it.each(['handlerTimeout', 'handlerError'] as const)(
    'accepts a hook %s that ends its own connection',
    async (name) => {
      const { haproxyHello, notify } = await import('@spop/builder');
      const [ours, theirs] = duplexPair();
      ours.resume();
      let told = 0;
      const { agent } = await startAgent({
        processingTimeoutMs: 30,
        lingerTimeoutMs: 20,
        hooks: { [name]: () => void (told++ === 0 && ours.write(Buffer.alloc(9, 0xff))) },
        setup: (a) =>
          a.onNotify(async () => {
            await new Promise((resolve) => void setTimeout(resolve, name === 'handlerTimeout' ? 60 : 10));
            throw new Error('too late, or not at all');
          }),
      });
      agent.handle(theirs);
      ours.write(Buffer.concat([haproxyHello(), notify(), notify({ streamId: 3 })].map((frame) => frame.toBytes())));
      expect(await eventually(() => told > 0 && agent.connectionCount === 0)).toBe(true);
      expect(agent.inFlightCount).toBe(0);
    },
  );

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
  it('refuses connections above it with status 13, until others have closed', async () => {
    const { agent, connect: open, reports } = await startAgent({ link: 'IPv4', maxConnections: 2 });
    const [first, second] = await Promise.all([open(), open()]);
    await Promise.all([first.hello(), second.hello()]);
    const third = await open();
    const refusal = await third.receive();
    expect(refusal).toHaveProperty('items.0.value', data.uint32(13));
    await third.closed();
    expect(reports.overload).toMatchObject([{ connection: { id: 3 }, limit: 'maxConnections' }]);
    expect((await first.notify('m')).actions).toEqual([]);
    second.close();
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect((await (await open()).hello()).version).toBe('2.0');
  });

  it('never holds more than twice as many, and sends each refused one the reason', async () => {
    // Counted at each refusal, with the connection that is being refused.
    const counts: number[] = [];
    const overload = (): number => counts.push(agent.connectionCount);
    const bench = await startAgent({ link: 'IPv4', maxConnections: 5, hooks: { overload } });
    const { agent, connect: open, target } = bench;
    const peers = await Promise.all(Array.from({ length: 5 }, () => open()));
    await Promise.all(peers.map((peer) => peer.hello()));
    const refused = await Promise.all(
      Array.from({ length: 60 }, async () => {
        let text = '';
        const socket = new Socket({ allowHalfOpen: true });
        if (!('port' in target)) throw new Error('expected a port');
        socket.on('error', () => {});
        socket.on('data', (bytes) => (text += bytes.toString('latin1')));
        socket.connect(target);
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
        return { socket, text: () => text };
      }),
    );
    expect(await eventually(() => refused.every(({ socket }) => socket.destroyed || socket.readableEnded))).toBe(true);
    for (const { text } of refused) {
      expect(Buffer.from(text(), 'latin1')).toBeDisconnect(13);
      expect(text()).toContain('more than 5 connections');
    }
    for (const { socket } of refused) socket.destroy();
    expect([counts.length, agent.toMetrics().refusedConnections]).toEqual([60, 60]);
    expect(Math.max(...counts)).toBe(10);
    expect((await peers[0]!.notify('m')).actions).toEqual([]);
  });
});
