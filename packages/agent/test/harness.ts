/** An agent in the test's own process, with scripted HAProxys in front of it, and a check for leaks at the end. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BytesInput,
  connect,
  type ConnectOptions,
  parseStream,
  type PlainFrame,
  type ScriptedHaproxy,
  type Target,
} from '@spop/builder';
import { BufferPool } from '@spop/codec';
import { expect, onTestFinished } from 'vitest';
import {
  type Agent,
  type AgentEvents,
  type AgentOptions,
  createAgent,
  type Hooks,
  type ListenAddress,
  type ListenTarget,
} from '../src/index.ts';

/** Long enough for any step on a busy machine. */
const STEP_TIMEOUT_MS = 25_000;

/** The transport between a scripted HAProxy and the agent. */
export type LinkKind = 'memory' | 'IPv4' | 'IPv6' | 'unix socket';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
if (!hasIpv6) console.log('this machine has no ::1: the tests over IPv6 are left out');

/** The number of exchanges that take turns (exchanges.ts): after all were used, the first one is next again. */
export const EXCHANGES = 8;

/** Every kind of link that this machine has. */
export const linkKinds: readonly LinkKind[] = [
  'memory',
  'IPv4',
  ...(hasIpv6 ? (['IPv6'] as const) : []),
  'unix socket',
];

/** Every pool that gave out a buffer, of any agent since there was none. */
const pools = new Set<BufferPool>();
let agents = 0;
const acquire: unknown = Reflect.get(BufferPool.prototype, 'acquire');
Reflect.set(BufferPool.prototype, 'acquire', function (this: BufferPool): unknown {
  pools.add(this);
  return typeof acquire === 'function' ? (Reflect.apply(acquire, this, []) as unknown) : undefined;
});

/** Buffers that agents took from their pools and have not given back. */
export function pooledBuffersOut(): number {
  return [...pools].reduce((sum, pool) => sum + pool.outCount, 0);
}

/** Codes of advice, which tests need not follow: they omit arguments, and let handlers wait for long. */
const ADVICE: readonly unknown[] = ['SPOP_ARGUMENT_ABSENT', 'SPOP_NOTIFY_PENDING'];

const warnings: string[] = [];
const advice: string[] = [];
process.on('warning', (warning) => {
  const isAdvice = 'code' in warning && ADVICE.includes(warning.code);
  (isAdvice ? advice : warnings).push(warning.message);
});

/** Removes the process warnings so far that are advice on the configuration, and returns them. */
export function takeAdvice(): string[] {
  return advice.splice(0);
}

/** Removes the process warnings so far, and returns them; warnings that are left fail the test. */
export function takeWarnings(): string[] {
  return warnings.splice(0);
}

/** The reports of an agent's hooks, by the hook's name. */
export type Reports = { readonly [Name in keyof AgentEvents]: AgentEvents[Name][] };

/** An agent under test. */
export interface Bench {
  readonly agent: Agent;
  readonly reports: Reports;
  /** The address of the agent, or the agent itself. */
  readonly target: Target;
  connect(options?: ConnectOptions): Promise<ScriptedHaproxy>;
}

export interface BenchOptions extends AgentOptions {
  /** Adds the handlers. */
  readonly setup?: (agent: Agent) => unknown;
  /** In memory by default. */
  readonly link?: LinkKind;
}

/**
 * Starts an agent, which is closed when the test ends: by then it must have given back every buffer, and no process
 * warning may have been emitted.
 */
export async function startAgent({ setup, link = 'memory', ...options }: BenchOptions = {}): Promise<Bench> {
  const reports: Reports = {
    connect: [],
    disconnect: [],
    protocolError: [],
    handlerError: [],
    unhandledNotify: [],
    handlerTimeout: [],
    overload: [],
    transportError: [],
    eventLoopBlocked: [],
  };
  const hooks: Hooks = {
    ...Object.fromEntries(
      Object.entries(reports).map(([name, list]) => [name, (info: never): void => void list.push(info)]),
    ),
    ...options.hooks,
  };
  // On a busy machine the event loop of any test may block, and any handler may wait for more than a second.
  const agent = createAgent({ eventLoopBlockedMs: 0, processingTimeoutMs: 30_000, ...options, hooks });
  setup?.(agent);
  // What a test that has failed left behind does not fail the next.
  if (agents++ === 0) pools.clear();
  onTestFinished(async () => {
    agents--;
    await agent.close({ graceMs: 0 });
    await eventually(() => pooledBuffersOut() === 0 && agent.connectionCount === 0 && agent.inFlightCount === 0);
    expect({ out: pooledBuffersOut(), open: agent.connectionCount, inFlight: agent.inFlightCount }).toEqual({
      out: 0,
      open: 0,
      inFlight: 0,
    });
    expect(takeWarnings()).toEqual([]);
  });
  const target = await targetOf(agent, link);
  return { agent, reports, target, connect: (connectOptions) => connectPeer(target, connectOptions) };
}

/** A scripted HAProxy that is gone when the test ends. */
export async function connectPeer(target: Target, options?: ConnectOptions): Promise<ScriptedHaproxy> {
  const peer = await connect(target, { timeoutMs: STEP_TIMEOUT_MS, ...options });
  onTestFinished(() => peer.close());
  return peer;
}

async function targetOf(agent: Agent, link: LinkKind): Promise<Target> {
  switch (link) {
    case 'memory':
      return agent;
    case 'unix socket':
      return listenOn(agent, { path: join(makeFolder(), 'agent.sock') });
    default:
      return listenOn(agent, { host: link === 'IPv4' ? '127.0.0.1' : '::1', port: 0 });
  }
}

/** Lets the agent listen, and returns its address. */
export async function listenOn(
  agent: Agent,
  where: ListenTarget,
): Promise<Exclude<ListenAddress, { readonly fd: number }>> {
  const address = await agent.listen(where);
  if ('fd' in address) throw new Error('expected an address that can be connected to');
  return address;
}

/** A new folder that is removed when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spop-agent-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until `condition` holds, for at most `timeoutMs`; returns whether it did. */
export async function eventually(condition: () => boolean, timeoutMs: number = STEP_TIMEOUT_MS): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(2);
  }
  return true;
}

/** A peer that sends and keeps bytes, and knows nothing of SPOP. */
export interface RawPeer {
  readonly stream: Duplex;
  /** The chunks received. */
  readonly chunks: Buffer[];
  /** How the connection ended; undefined while it is open. */
  readonly ending: () => 'end' | 'reset' | undefined;
  readonly send: (...pieces: readonly BytesInput[]) => void;
  /** The whole frames received. */
  readonly frames: () => PlainFrame[];
}

/** Connects a peer that sends and keeps bytes; it is gone when the test ends. */
export async function connectRaw(target: Target): Promise<RawPeer> {
  const stream = await openRaw(target);
  const chunks: Buffer[] = [];
  let ending: 'end' | 'reset' | undefined;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => (ending ??= 'end'));
  stream.on('error', () => (ending ??= 'reset'));
  stream.on('close', () => (ending ??= 'reset'));
  onTestFinished(() => void stream.destroy());
  return {
    stream,
    chunks,
    ending: () => ending,
    send: (...pieces) => void stream.write(Buffer.concat(pieces.map((piece) => toBuffer(piece)))),
    frames: () => parseStream(Buffer.concat(chunks), { ackPadding: true }).frames,
  };
}

async function openRaw(target: Target): Promise<Duplex> {
  if ('handle' in target) {
    const [ours, theirs] = duplexPair();
    target.handle(theirs);
    return ours;
  }
  if (!('port' in target || 'path' in target)) return target;
  const socket = connectSocket({ ...target, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

function toBuffer(piece: BytesInput): Uint8Array {
  return 'toBytes' in piece ? piece.toBytes() : piece;
}
