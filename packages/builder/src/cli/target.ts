import { readFileSync, readSync } from 'node:fs';
import { connect as connectSocket, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import { PeerFailure } from '../haproxy/peer-failure.ts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import { parseDuration } from './duration.ts';
import { reasonOf, UsageError } from './usage-error.ts';

/** An address to connect to or to listen on. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** An agent that a command line names. */
export interface AgentTarget {
  /** The address as it was written. */
  readonly text: string;
  readonly address: Address;
  /** The options of TLS; undefined without TLS. */
  readonly tls: ConnectionOptions | undefined;
  readonly timeoutMs: number;
}

/** Stdin, instead of the path of a file. */
export const STDIN = 0;
const STDIN_CHUNK = 65_536;
const STDIN_PAUSE_MS = 10;
const DEFAULT_TIMEOUT_MS = 5000;
const FORMS = 'write host:port, such as 127.0.0.1:9000 or [::1]:9000, or unix:/run/agent.sock';

/** The options of every command that connects to an agent. */
export const targetOptions: OptionSpecs = {
  timeout: {
    value: 'TIME',
    about: 'how long to wait at each step, such as 500ms or 10s; a number alone is milliseconds; 5s by default',
  },
  tls: { about: 'connect with TLS; the options below imply it' },
  ca: { value: 'FILE', about: 'trust the authorities in this PEM file instead of the usual ones' },
  cert: { value: 'FILE', about: 'present the certificate in this PEM file' },
  key: { value: 'FILE', about: 'the private key of --cert; the same file by default' },
  servername: { value: 'NAME', about: 'the name to ask for and to find in the certificate; the host by default' },
  insecure: { about: 'take any certificate' },
};

/**
 * Parses an address: `host:port`, `[::1]:9000`, `:9000` for this machine, `unix:/path`, or HAProxy's `unix@/path`.
 *
 * @throws {UsageError} for other text.
 */
export function parseAddress(text: string): Address {
  const [, path] = /^unix[:@](.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { path };
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
  const bare = /^\[(.*)\]$/s.exec(host)?.[1];
  const isHost = bare === undefined ? !/[:\s/@[\]]/.test(host) : isIPv6(bare);
  if (port === '' || Number(port) > 0xffff || !isHost) {
    throw new UsageError(`expected an address; found ${JSON.stringify(text)}`, FORMS);
  }
  return { host: bare ?? (host || '127.0.0.1'), port: Number(port) };
}

/** The text of an address. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** @throws {UsageError} when the target or an option of {@link targetOptions} is wrong, or a file cannot be read. */
export function parseTarget(text: string | undefined, args: Arguments): AgentTarget {
  if (text === undefined) throw new UsageError('expected the address of an agent; found none', FORMS);
  const address = parseAddress(text);
  if ('port' in address && address.port === 0) {
    throw new UsageError('expected a port from 1 to 65535; found 0', FORMS);
  }
  const timeout = args.text('timeout');
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration('--timeout', timeout);
  return { text, address, tls: tlsOptions(address, args), timeoutMs };
}

function tlsOptions(address: Address, args: Arguments): ConnectionOptions | undefined {
  if (!['tls', 'ca', 'cert', 'key', 'servername', 'insecure'].some((name) => args.has(name))) return undefined;
  const [ca, cert, key] = [args.text('ca'), args.text('cert'), args.text('key')];
  if (key !== undefined && cert === undefined) {
    throw new UsageError('the option --key needs --cert', 'add --cert FILE with the certificate of that key');
  }
  const servername = args.text('servername') ?? nameOf(address);
  return usable({
    ...(ca === undefined ? {} : { ca: readOption('ca', ca) }),
    ...(cert === undefined ? {} : { cert: readOption('cert', cert), key: readOption('key', key ?? cert) }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: !args.has('insecure'),
  });
}

/** Checks before connecting that certificates and keys can be read and belong together. */
function usable(options: ConnectionOptions): ConnectionOptions {
  try {
    return { ...options, secureContext: createSecureContext(options) };
  } catch (error) {
    throw new UsageError(
      `the options of TLS do not work: ${reasonOf(error)}`,
      '--ca, --cert and --key take files in PEM form',
    );
  }
}

/** The name for SNI, which must not be an address (RFC 6066 §3). */
function nameOf(address: Address): string | undefined {
  return 'host' in address && !isIPv6(address.host) && !/^[\d.]+$/.test(address.host) ? address.host : undefined;
}

function readOption(name: string, path: string): Buffer {
  return readInput(path, `the file of --${name}`);
}

/** The bytes of a file, or of stdin. @throws {UsageError} when they cannot be read. */
export function readInput(path: string | typeof STDIN, what: string): Buffer {
  try {
    return path === STDIN ? readStdin() : readFileSync(path);
  } catch (error) {
    throw new UsageError(`could not read ${what}: ${reasonOf(error)}`, 'check its path');
  }
}

/** Reads stdin to its end, also when the parent process has made it non-blocking. */
function readStdin(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(STDIN_CHUNK);
    const count = readSome(chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}

function readSome(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(STDIN, chunk);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STDIN_PAUSE_MS);
    }
  }
}

/**
 * Connects to an agent, with TLS if the target says so.
 *
 * @throws {PeerFailure} `closed` when no agent listens or the certificate is refused; `timeout` after the target's time.
 */
export function openSocket({ text, address, tls, timeoutMs }: AgentTarget): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = open(address, tls);
  const timer = setTimeout(() => {
    socket.destroy();
    reject(new PeerFailure('timeout', `could not connect to ${text} within ${timeoutMs} ms`));
  }, timeoutMs);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    clearTimeout(timer);
    socket.removeListener('error', fail);
    resolve(socket);
  });
  const fail = (error: Error): void => {
    clearTimeout(timer);
    socket.destroy();
    reject(new PeerFailure('closed', `could not connect to ${text}: ${describeError(error)}`));
  };
  socket.once('error', fail);
  return promise;
}

/** Opens a socket that stays half-open when the other side ends. */
function open(address: Address, tls: ConnectionOptions | undefined): Socket {
  const common = { allowHalfOpen: true, noDelay: true };
  if (tls === undefined) return connectSocket({ ...address, ...common });
  return connectTls({ ...tls, ...address, ...common });
}

/** The text of an error; for several addresses, such as those of localhost, Node's error has no message of its own. */
function describeError(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : error.message;
}
