import { once } from 'node:events';
import * as fs from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ListenTarget } from '../src/listen-target.ts';
import { type Listener, openListener } from '../src/listener.ts';
import { makeFolder } from './harness.ts';

// The functions themselves, which a test can let another process come before, or fail.
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  return {
    ...original,
    chmodSync: vi.fn(original.chmodSync),
    lstatSync: vi.fn(original.lstatSync),
    renameSync: vi.fn(original.renameSync),
  };
});

const inUse = (path: string): object => ({
  code: 'EADDRINUSE',
  message: `listen EADDRINUSE: address already in use ${path}`,
});

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function open(target: ListenTarget): Promise<Listener> {
  const listener = await openListener(target, (socket) => void socket.end('served'));
  onTestFinished(() => void listener.server.close());
  return listener;
}

/** A folder with a path for a socket, and the names of the files in it. */
function place(): { path: string; files: () => string[] } {
  const folder = makeFolder();
  return { path: join(folder, 'agent.sock'), files: () => fs.readdirSync(folder) };
}

function serve(path: string): Promise<Server> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => void server.listen(path, () => resolve(server)));
}

/** Leaves the file of a unix socket without a listener. */
async function leaveStale(path: string): Promise<void> {
  const server = await serve(path);
  // A closing server removes the file that it made.
  fs.renameSync(path, `${path}.kept`);
  server.close();
  fs.renameSync(`${path}.kept`, path);
}

/** What a peer is sent, or the code of its error. */
function answerAt(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('data', (bytes: Buffer) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
}

describe('a stale unix socket', () => {
  it('is replaced, and leaves no other file', async () => {
    const { path, files } = place();
    await leaveStale(path);
    const { address } = await open({ path });
    expect(address).toEqual({ path });
    expect([await answerAt(path), files()]).toEqual(['served', ['agent.sock']]);
  });

  it('is replaced if another process has removed it first', async () => {
    const { path, files } = place();
    await leaveStale(path);
    vi.mocked(fs.renameSync).mockImplementationOnce(() => {
      fs.unlinkSync(path);
      throw failure('ENOENT');
    });
    await open({ path });
    expect([await answerAt(path), files()]).toEqual(['served', ['agent.sock']]);
  });

  it('stays if it may not be renamed', async () => {
    const { path, files } = place();
    await leaveStale(path);
    vi.mocked(fs.renameSync).mockImplementationOnce(() => {
      throw failure('EACCES');
    });
    await expect(open({ path })).rejects.toMatchObject(inUse(path));
    expect([await answerAt(path), files()]).toEqual(['ECONNREFUSED', ['agent.sock']]);
  });

  it('that another process has replaced in that moment is put back', async () => {
    const { path, files } = place();
    await leaveStale(path);
    const rename = vi.mocked(fs.renameSync).getMockImplementation()!;
    vi.mocked(fs.renameSync).mockImplementationOnce((from, to) => {
      fs.unlinkSync(path);
      fs.writeFileSync(path, 'of another');
      rename(from, to);
    });
    const hint = 'the path is not a socket; remove the file, or listen on another path';
    await expect(open({ path })).rejects.toMatchObject({
      message: `listen EADDRINUSE: address already in use ${path}: ${hint}`,
    });
    expect([fs.readFileSync(path, 'utf8'), files()]).toEqual(['of another', ['agent.sock']]);
  });
});

describe('a unix socket on which a process listens', () => {
  it('is not replaced, and sees one connection come and go', async () => {
    const { path, files } = place();
    const other = await serve(path);
    const probed = once(other, 'connection');
    const { ino } = fs.statSync(path);
    await expect(open({ path })).rejects.toMatchObject(inUse(path));
    expect([fs.statSync(path).ino, files(), other.listening]).toEqual([ino, ['agent.sock'], true]);
    const [probe] = (await probed) as [Socket];
    await once(probe.resume(), 'close');
  });
});

describe('a path that is no socket', () => {
  it('is an error that says so, with the properties of the error of Node', async () => {
    const { path } = place();
    fs.writeFileSync(path, 'precious');
    const hint = 'the path is not a socket; remove the file, or listen on another path';
    const message = `listen EADDRINUSE: address already in use ${path}`;
    await expect(open({ path })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: path,
      message: `${message}: ${hint}`,
      cause: { message },
    });
  });

  it('in no folder is an error that says so', async () => {
    const folder = join(makeFolder(), 'none');
    await expect(open({ path: join(folder, 'agent.sock') })).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`: there is no folder ${folder}; make it first$`)) as string,
    });
  });

  it('is an error of Node alone for an abstract socket in use', async () => {
    const path = `\0${place().path}`;
    await open({ path });
    await expect(open({ path })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.not.stringContaining(';') as string,
    });
  });
});

describe('a socket in use whose file is gone when the agent looks', () => {
  it('is an error of Node alone', async () => {
    const { path } = place();
    await serve(path);
    const gone = (): never => {
      throw failure('ENOENT');
    };
    vi.mocked(fs.lstatSync).mockImplementationOnce(gone).mockImplementationOnce(gone);
    await expect(open({ path })).rejects.toMatchObject(inUse(path));
  });
});

describe('a port in use', () => {
  it('is an error of Node alone', async () => {
    const { address } = await open({ port: 0 });
    if (!('port' in address)) throw new Error('expected a port');
    await expect(open({ port: address.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${address.port}`,
    });
  });
});

describe('a file descriptor that is no socket', () => {
  it('is an error that says so', async () => {
    await expect(open({ fd: 9_999 })).rejects.toMatchObject({
      message: expect.stringMatching(/: fd 9999 is not a socket to listen on$/) as string,
    });
  });
});

describe('a listener whose mode cannot be set', () => {
  it('is closed again, and its error is that of the mode', async () => {
    const { path, files } = place();
    vi.mocked(fs.chmodSync).mockImplementationOnce(() => {
      throw failure('EPERM');
    });
    await expect(open({ path, mode: 0o600 })).rejects.toMatchObject({ code: 'EPERM' });
    expect([await answerAt(path), files()]).toEqual(['ENOENT', []]);
  });
});

describe('a listener that closes', () => {
  it('removes the file that it made', async () => {
    const { path, files } = place();
    await (await open({ path })).close();
    expect(files()).toEqual([]);
  });

  it.each(['dev', 'ino', 'birthtimeNs'] as const)(
    'leaves a file at its path that differs in %s alone',
    async (property) => {
      const { path, files } = place();
      const listener = await open({ path });
      const lstat = vi.mocked(fs.lstatSync).getMockImplementation()!;
      vi.mocked(fs.lstatSync).mockImplementationOnce((...args) => {
        const file = lstat(...args);
        if (!(file instanceof Object) || !('birthtimeNs' in file)) throw new Error('expected a file with bigints');
        return Object.assign(file, { [property]: file[property] + 1n });
      });
      await listener.close();
      expect(files()).toEqual(['agent.sock']);
    },
  );

  it('closes though the file of another process at its path may not be renamed', async () => {
    const { path } = place();
    const listener = await open({ path });
    fs.unlinkSync(path);
    fs.writeFileSync(path, 'of another');
    vi.mocked(fs.renameSync).mockImplementationOnce(() => {
      throw failure('EACCES');
    });
    await listener.close();
    expect(listener.server.listening).toBe(false);
  });

  it('leaves no listener of errors that its start needed', async () => {
    const { server } = await open({ port: 0 });
    expect(server.listenerCount('error')).toBe(0);
  });
});
