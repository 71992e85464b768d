import { isIPv6 } from 'node:net';
import { check, checkInteger, checkOptions, isObject } from './checks.ts';

/** A TCP address to listen on. `host` is 127.0.0.1 by default, port 0 is any free one, `backlog` is 511 by default. */
export interface TcpTarget {
  /** An address of this machine, or a name of it. */
  readonly host?: string | undefined;
  /** 0 to 65535; 0 is any free port. */
  readonly port: number;
  /** How many connections may wait in the kernel for the agent; 511 by default, and at most what the kernel allows. */
  readonly backlog?: number | undefined;
}

/** A unix socket to listen on: a path of up to 107 bytes, and the mode of its file, which is set right after it is made. */
export interface UnixTarget {
  /** The path of the socket's file, up to 107 bytes. */
  readonly path: string;
  /** The permissions of the socket's file, such as 0o660; by default what the process's umask leaves. */
  readonly mode?: number | undefined;
  /** As in {@link TcpTarget.backlog}. */
  readonly backlog?: number | undefined;
}

/** Where an agent listens: TCP, a unix socket, or an open socket by its descriptor (systemd's socket activation). */
export type ListenTarget = TcpTarget | UnixTarget | { readonly fd: number };

/** The TCP address of a listening socket. */
export interface TcpAddress {
  /** The IPv4 or IPv6 address as text, without brackets: `127.0.0.1`, `::1`. */
  readonly host: string;
  /** 1 to 65535: the port that the kernel chose if 0 was asked for. */
  readonly port: number;
}

/** The path of a listening unix socket. */
export interface UnixAddress {
  /** The path as it was given. */
  readonly path: string;
}

/** Where an agent listens now. A unix socket given by its descriptor has no path that Node can tell. */
export type ListenAddress = TcpAddress | UnixAddress | { readonly fd: number };

const MAX_PORT = 0xffff;
const FORMS = "'127.0.0.1:9000', '[::1]:9000', ':9000' or 'unix:/run/agent.sock'";
const MAX_INT32 = 0x7fff_ffff;
/** `sun_path` of Linux has 108 bytes, the last of which is 0 (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/** The options that go with each kind of target. */
const TARGETS = {
  port: ['port', 'host', 'backlog'],
  path: ['path', 'mode', 'backlog'],
  fd: ['fd'],
} as const;

/**
 * Parses an address to listen on: `127.0.0.1:9000`, `agent.internal:9000`, `[::1]:9000`, `:9000` for all addresses of the
 * machine, `unix:/run/agent.sock`, and HAProxy's `unix@/run/agent.sock` and `fd@3`. Port 0 is any free one. Use it for a
 * server of your own, such as one with TLS; `Agent.listen()` takes the text itself.
 *
 * @throws {TypeError} that says what is wrong with the text, and shows valid addresses.
 */
export function parseListenAddress(text: string): ListenAddress {
  const refused = (reason: string): TypeError =>
    new TypeError(`expected ${reason}, such as ${FORMS}; found ${JSON.stringify(text)}`);
  const [, kind, rest = ''] = /^(unix|fd)[:@](.*)$/s.exec(text) ?? [];
  if (kind === 'unix') {
    if (!rest.startsWith('/')) throw refused('an absolute path');
    return { path: rest };
  }
  if (kind === 'fd') {
    if (!/^\d{1,9}$/.test(rest)) throw refused('the number of a file descriptor');
    return { fd: Number(rest) };
  }
  const [, host, port] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
  if (host === undefined || Number(port) > MAX_PORT) throw refused(`an address with a port from 0 to ${MAX_PORT}`);
  const bracketed = /^\[(.*)\]$/s.exec(host)?.[1];
  if (bracketed === undefined && host.includes(':')) throw refused('an IPv6 address in brackets');
  if (bracketed !== undefined && !isIPv6(bracketed)) throw refused('an IPv6 address between the brackets');
  if (/[[\]\s/@]/.test(host.replace(/^\[|\]$/g, ''))) throw refused('the name or the address of a host');
  return { host: (bracketed ?? host) || '::', port: Number(port) };
}

/** An address in the form that HAProxy's `server` line takes: `127.0.0.1:9000`, `[::1]:9000`, `unix@/run/agent.sock`. */
export function formatListenAddress(address: ListenAddress): string {
  if ('fd' in address) return `fd@${address.fd}`;
  if ('path' in address) return `unix@${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** @throws {TypeError} or {RangeError} when a target does not match {@link ListenTarget}. */
export function checkTarget(target: unknown): asserts target is ListenTarget {
  check(
    isObject(target),
    "listen() to be given an object or a text, such as { port: 9000 } or '127.0.0.1:9000'",
    target,
  );
  const kinds = (['port', 'path', 'fd'] as const).filter((name) => name in target);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const found = Object.keys(target).join(', ') || 'nothing';
    throw new TypeError(`expected listen() to be given one of port, path and fd; found ${found}`);
  }
  checkOptions(`listen({ ${kind} })`, target, TARGETS[kind]);
  const { port, host, path, mode, fd, backlog } = target as { readonly [name: string]: unknown };
  if (kind === 'port') checkInteger('port', port, 0, MAX_PORT, ', where 0 is any free one');
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
  const expected = `path to be at most ${MAX_SOCKET_PATH_BYTES} bytes long, the most that a socket address holds, not ${size}`;
  check(size <= MAX_SOCKET_PATH_BYTES, expected, path, RangeError);
}
