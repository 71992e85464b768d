import { type BigIntStats, chmodSync, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ListenAddress, ListenTarget, TcpTarget } from './listen-target.ts';

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Opens a listening socket. It replaces the file of a unix socket on which no process listens any more.
 *
 * @throws {Error} of node:net, such as EADDRINUSE or EACCES.
 */
export async function openListener(target: ListenTarget, onSocket: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, onSocket);
  try {
    await listen(server, target);
  } catch (error) {
    const isReplaced = 'path' in target && hasCode(error, 'EADDRINUSE') && (await removeStale(target.path));
    if (!isReplaced) throw explain(error as Error, target);
    await listen(server, target);
  }
  const listener = new Listener(server, target);
  if ('path' in target && target.mode !== undefined) {
    try {
      chmodSync(target.path, target.mode);
    } catch (error) {
      void listener.close();
      throw error;
    }
  }
  return listener;
}

/** A listening socket. */
export class Listener {
  readonly server: Server;
  readonly address: ListenAddress;
  /** The file of a unix socket, right after it was made. */
  readonly #file: BigIntStats | undefined;

  constructor(server: Server, target: ListenTarget) {
    this.server = server;
    this.address = addressOf(server, target);
    this.#file = 'path' in target ? fileAt(target.path) : undefined;
  }

  /** Stops listening, and removes the file of a unix socket if this listener made it. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const close = (): void => void this.server.close(() => resolve());
      if ('path' in this.address && !this.#isOwn(this.address.path)) closeBeside(this.address.path, close);
      else close();
    });
  }

  #isOwn(path: string): boolean {
    const file = fileAt(path);
    return file === undefined || isSame(file, this.#file);
  }
}

/**
 * Closes while another process's file is at the path. libuv removes the file at the path when a handle is closed, before
 * `close` returns (uv__pipe_close of src/unix/pipe.c). For that moment the file has another name; no other code of this process
 * runs meanwhile.
 */
function closeBeside(path: string, close: () => void): void {
  const aside = `${path}.${process.pid}.aside`;
  try {
    renameSync(path, aside);
  } catch {
    // A process that may not rename the file may not remove it either.
    close();
    return;
  }
  close();
  renameSync(aside, path);
}

/** The file at a path, links not followed; undefined when there is none, as for abstract sockets. */
function fileAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** Whether both are the same file. The inode alone is not enough: a new file often gets the number of a removed one. */
function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino && one.birthtimeNs === other.birthtimeNs;
}

function addressOf(server: Server, target: ListenTarget): ListenAddress {
  const address = server.address();
  if (typeof address === 'string') return { path: address };
  if (address === null) {
    if ('fd' in target) return { fd: target.fd };
    throw new Error('expected a listening server to have an address; found none');
  }
  return { host: address.address, port: address.port };
}

/** An error of node:net, with a hint on what to do if there is one. */
function explain(error: Error, target: ListenTarget): Error {
  const hint = hintFor(target);
  return hint === undefined ? error : Object.assign(new Error(`${error.message}: ${hint}`, { cause: error }), error);
}

function hintFor(target: ListenTarget): string | undefined {
  if ('fd' in target) return `fd ${target.fd} is not a socket to listen on`;
  if (!('path' in target) || target.path.startsWith('\0')) return undefined;
  // Node reports EACCES when the folder is missing.
  if (!existsSync(dirname(target.path))) return `there is no folder ${dirname(target.path)}; make it first`;
  const isOther = fileAt(target.path)?.isSocket() === false;
  return isOther ? 'the path is not a socket; remove the file, or listen on another path' : undefined;
}

/** Without a host Node listens on `::`, or on 0.0.0.0 where a machine has no IPv6. */
function hostOf({ host = '127.0.0.1' }: TcpTarget): string | undefined {
  return host === '::' ? undefined : host;
}

function listen(server: Server, target: ListenTarget): Promise<void> {
  const options: ListenOptions & { fd?: number } =
    'fd' in target
      ? { fd: target.fd }
      : 'path' in target
        ? { path: target.path, backlog: target.backlog ?? 511 }
        : { host: hostOf(target), port: target.port, backlog: target.backlog ?? 511 };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Removes a unix socket on which no process accepts connections any more; returns false when there is none. A socket that
 * another agent has put in its place meanwhile stays: both may have been started after the same crash.
 */
async function removeStale(path: string): Promise<boolean> {
  const file = fileAt(path);
  if (file?.isSocket() !== true || (await isAnswering(path)) || !isSame(fileAt(path), file)) return false;
  const aside = `${path}.${process.pid}.stale`;
  try {
    // Renaming is one step, so that no file of another process is removed by mistake.
    renameSync(path, aside);
  } catch (error) {
    return hasCode(error, 'ENOENT');
  }
  if (!isSame(fileAt(aside), file)) {
    renameSync(aside, path);
    return false;
  }
  unlinkSync(aside);
  return true;
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => done(true));
    socket.once('connect', () => done(true));
    socket.once('error', (error) => done(!hasCode(error, 'ECONNREFUSED')));
  });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
