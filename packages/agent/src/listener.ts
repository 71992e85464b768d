import { type BigIntStats, chmodSync, existsSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { check, checkInteger, checkOptions, isObject } from './checks.ts';

/** A TCP address to listen on: `host` is 127.0.0.1 by default, port 0 any free one, and `backlog` 1 or more. */
export interface TcpTarget {
  readonly host?: string;
  readonly port: number;
  readonly backlog?: number;
}

/** A unix socket to listen on: a path of 107 bytes at most, and the mode of its file, set right after it was made. */
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
const MAX_INT32 = 0x7fff_ffff;
/** `sun_path` of Linux has 108 bytes, the last of which is 0 (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/** Which options go with the one that says what to listen on. */
const TARGETS = {
  port: ['port', 'host', 'backlog'],
  path: ['path', 'mode', 'backlog'],
  fd: ['fd'],
} as const;

/** @throws {TypeError} or {RangeError} where a target is not what {@link ListenTarget} says. */
export function checkTarget(target: unknown): asserts target is ListenTarget {
  check(isObject(target), 'listen() to be given an object, such as { port: 9000 }', target);
  const kinds = (['port', 'path', 'fd'] as const).filter((name) => name in target);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const found = Object.keys(target).join(', ') || 'nothing';
    throw new TypeError(`expected listen() to be given one of port, path and fd; found ${found}`);
  }
  checkOptions(`listen({ ${kind} })`, target, TARGETS[kind]);
  const { port, host, path, mode, fd, backlog } = target as { readonly [name: string]: unknown };
  if (kind === 'port') checkInteger('port', port, 0, 0xffff, ', where 0 is any free one');
  if (kind === 'fd') checkInteger('fd', fd, 0, MAX_INT32);
  if (kind === 'path') checkPath(path);
  if (host !== undefined) {
    check(typeof host === 'string' && host !== '', "host to be a name or an address, '::' being all of them", host);
  }
  if (mode !== undefined) checkInteger('mode', mode, 0, 0o777, ' (0o777), such as 0o660');
  const isAbstract = typeof path === 'string' && path.startsWith('\0');
  check(mode === undefined || !isAbstract, 'no mode for an abstract socket, which has no file', mode);
  if (backlog !== undefined) checkInteger('backlog', backlog, 1, MAX_INT32);
}

function checkPath(path: unknown): void {
  check(typeof path === 'string' && path !== '', 'path to be a non-empty string', path);
  const size = Buffer.byteLength(path);
  const expected = `path to be at most ${MAX_SOCKET_PATH_BYTES} bytes long, which is what fits into sun_path, not ${size}`;
  check(size <= MAX_SOCKET_PATH_BYTES, expected, path, RangeError);
}

/**
 * Opens a listening socket. The file of a unix socket that nobody listens on any more is replaced.
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

/** A socket that is listened on. */
export class Listener {
  readonly server: Server;
  readonly address: ListenAddress;
  /** The file of a unix socket, as it was made. */
  readonly #file: BigIntStats | undefined;

  constructor(server: Server, target: ListenTarget) {
    this.server = server;
    this.address = addressOf(server, target);
    this.#file = 'path' in target ? fileAt(target.path) : undefined;
  }

  /** Stops listening, and removes the file of a unix socket if it is still the one that was made. */
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
 * Closes while the file of somebody else is at the path: libuv removes what is there when a handle is closed, before
 * `close` returns (uv__pipe_close of src/unix/pipe.c). The file is away for that long, which no other code sees.
 */
function closeBeside(path: string, close: () => void): void {
  const aside = `${path}.${process.pid}.aside`;
  try {
    renameSync(path, aside);
  } catch {
    // Who may not rename it may not remove it either.
    close();
    return;
  }
  close();
  renameSync(aside, path);
}

/** What is at a path, links not followed; undefined where that cannot be told, as of abstract sockets. */
function fileAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** Whether that is the same file. Its number alone does not say so: the next file often gets that of one that was removed. */
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

/** Adds what to do to an error of node:net, where that does not say it. */
function explain(error: Error, target: ListenTarget): Error {
  const hint = hintFor(target);
  return hint === undefined ? error : Object.assign(new Error(`${error.message}: ${hint}`, { cause: error }), error);
}

function hintFor(target: ListenTarget): string | undefined {
  if ('fd' in target) return `fd ${target.fd} is no socket that could be listened on`;
  if (!('path' in target) || target.path.startsWith('\0')) return undefined;
  // Node.js says EACCES.
  if (!existsSync(dirname(target.path))) return `there is no folder ${dirname(target.path)}; make it first`;
  const isOther = fileAt(target.path)?.isSocket() === false;
  return isOther ? 'what is there is no socket; remove it, or listen on another path' : undefined;
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

/**
 * Removes a unix socket on which nobody accepts connections any more; returns false where there is none. Not one that
 * another agent has put in its place meanwhile, when both were started after the same crash.
 */
async function removeStale(path: string): Promise<boolean> {
  const file = fileAt(path);
  if (file?.isSocket() !== true || (await isAnswering(path)) || !isSame(fileAt(path), file)) return false;
  const aside = `${path}.${process.pid}.stale`;
  try {
    // One step, after which nobody else can have put a file there that is removed instead.
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
