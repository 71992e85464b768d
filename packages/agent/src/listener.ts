import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';

/** A TCP address to listen on: `host` is 127.0.0.1 by default, and port 0 is any free one. */
export interface TcpTarget {
  readonly host?: string;
  readonly port: number;
  readonly backlog?: number;
}

/** A unix socket to listen on; `mode` is that of its file, as for `chmod`. */
export interface UnixTarget {
  readonly path: string;
  readonly mode?: number;
  readonly backlog?: number;
}

/** Where an agent listens: TCP, a unix socket, or a socket that is open already (systemd's socket activation). */
export type ListenTarget = TcpTarget | UnixTarget | { readonly fd: number };

/** A TCP address that is listened on. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A unix socket that is listened on. */
export interface UnixAddress {
  readonly path: string;
}

/** Where an agent listens now; a unix socket that was open already has no path that could be found out. */
export type ListenAddress = TcpAddress | UnixAddress | { readonly fd: number };

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Opens a listening socket. The file of a unix socket that nobody listens on any more is replaced.
 *
 * @throws {Error} of node:net, such as EADDRINUSE or EACCES.
 */
export async function openListener(target: ListenTarget, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, onSocket);
  try {
    await listen(server, target);
  } catch (error) {
    if (!('path' in target) || !hasCode(error, 'EADDRINUSE') || !(await isStale(target.path))) throw error;
    await unlink(target.path);
    await listen(server, target);
  }
  if ('path' in target && target.mode !== undefined) {
    try {
      await chmod(target.path, target.mode);
    } catch (error) {
      server.close();
      throw error;
    }
  }
  return server;
}

/** The address that a server listens on. */
export function addressOf(server: Server, target: ListenTarget): ListenAddress {
  const address = server.address();
  if (typeof address === 'string') return { path: address };
  if (address === null) {
    if ('fd' in target) return { fd: target.fd };
    throw new Error('expected a listening server to have an address; found none');
  }
  return { host: address.address, port: address.port };
}

function listen(server: Server, target: ListenTarget): Promise<void> {
  const options: ListenOptions & { fd?: number } =
    'fd' in target
      ? { fd: target.fd }
      : 'path' in target
        ? { path: target.path, backlog: target.backlog ?? 511 }
        : { host: target.host ?? '127.0.0.1', port: target.port, backlog: target.backlog ?? 511 };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether a path leads to a unix socket, and to nothing else, on which nobody accepts connections any more. */
async function isStale(path: string): Promise<boolean> {
  const file = await lstat(path);
  return file.isSocket() && !(await isAnswering(path));
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
