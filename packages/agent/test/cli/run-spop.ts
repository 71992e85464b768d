/** The program `spop`, run from its sources, and peers for it. */
import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../../builder/src/spop.ts', import.meta.url));
/** Without the cache each run would strip the types of all files again, which takes most of its time. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/compile', import.meta.url));

// Node 22 warns of types that it strips.
const WORDS = ['--disable-warning=ExperimentalWarning', '--conditions=@spop/source', PROGRAM] as const;
const ENV = { NODE_COMPILE_CACHE: COMPILE_CACHE, NO_COLOR: '1' } as const;

/** The exit code and the output of a run. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a run. */
export interface RunOptions {
  /** The bytes on stdin; none by default. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** The working directory; the test's own by default. */
  readonly cwd?: string;
}

/** Runs `spop` with these words to its end. */
export function spop(words: readonly string[], { input = '', env = {}, cwd }: RunOptions = {}): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const child = spawn(process.execPath, [...WORDS, ...words], {
    env: { ...process.env, ...ENV, ...env },
    cwd,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.once('error', reject);
  child.once('close', (code) => resolve({ code, stdout, stderr }));
  // The program may have ended without reading stdin.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return promise;
}

/** Starts `spop` with these words, until the test ends. */
export function startSpop(words: readonly string[]): Program {
  return stopAfterTest(new Program(process.execPath, [...WORDS, ...words], { name: 'spop', env: ENV }));
}

/** The lines of JSON that a run wrote. */
export function jsonLines({ stdout }: Outcome): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

/** Listens on a free port of 127.0.0.1 until the test ends, as a server that is no agent. @returns its `host:port`. */
export async function listenAs(peer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    peer(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the peer listens on no port');
  return `127.0.0.1:${address.port}`;
}

/** The port of a server that has closed: no process listens there. */
export async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (typeof address !== 'object' || address === null) throw new Error('the peer listened on no port');
  return `127.0.0.1:${address.port}`;
}
