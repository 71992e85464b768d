import { connect as connectSocket, Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { PeerFailure } from './peer-failure.ts';

/** An agent in this process: `createAgent()` of `@spop/agent`, or any other object that takes a stream. */
export interface StreamHandler {
  /** Serves the peer at the other end of the stream, until that ends. */
  handle(stream: Duplex): unknown;
}

/** The address of an agent, the agent itself, or a stream to it. */
export type Target =
  | StreamHandler
  | Duplex
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** A stream to an agent, with the functions that depend on its kind. */
export interface Link {
  /** The bytes of both directions. */
  readonly stream: Duplex;
  /** The other end, for people. */
  readonly description: string;
  /** Whether each chunk that comes is one write of the agent; TCP may cut anywhere. */
  readonly areWholeWrites: boolean;
  /** The port of this side, which the agent sees as the peer's; undefined without TCP. */
  readonly localPort: number | undefined;
  /** Ends both directions at once, as a TCP reset does; HAProxy 3.1 and later end connections this way. */
  reset(): void;
  /** Calls `closed` once no byte can come any more. */
  onClosed(closed: (error: Error | undefined) => void): void;
}

function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** Two streams in memory; Node's duplexPair carries bytes and ends, but no destroy() from one side to the other. */
function memoryLink(handler: StreamHandler): Link {
  const [ours, theirs] = duplexPair();
  handler.handle(theirs);
  return {
    stream: ours,
    description: 'agent in memory',
    areWholeWrites: true,
    localPort: undefined,
    reset() {
      ours.destroy();
      if (!theirs.destroyed) theirs.destroy(connectionReset());
    },
    onClosed(closed) {
      ours.once('end', () => closed(undefined));
      // Bytes that were written before the agent's destroy() are still delivered, before immediates run.
      theirs.once('close', () => setImmediate(() => closed(undefined)));
    },
  };
}

function streamLink(stream: Duplex, description: string, reset: () => void): Link {
  return {
    stream,
    description,
    areWholeWrites: false,
    localPort: stream instanceof Socket ? stream.localPort : undefined,
    reset,
    onClosed(closed) {
      stream.once('end', () => closed(undefined));
      stream.once('close', () => closed(undefined));
    },
  };
}

function isStream(target: Target): target is Duplex {
  return 'pipe' in target && 'write' in target;
}

/**
 * Opens a link to an agent.
 *
 * @throws {PeerFailure} `closed` when no agent listens; `timeout` after `timeoutMs`.
 */
export async function openLink(target: Target, timeoutMs: number): Promise<Link> {
  if (isStream(target)) return streamLink(target, 'agent at the end of a stream', () => target.destroy());
  if ('handle' in target) return memoryLink(target);
  const description = 'path' in target ? `agent at ${target.path}` : `agent at ${target.host}:${target.port}`;
  const socket = 'path' in target ? connectSocket({ path: target.path }) : connectSocket({ ...target, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new PeerFailure('timeout', `could not connect to the ${description} within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(new PeerFailure('closed', `could not connect to the ${description}: ${error.message}`));
    });
  });
  // Only TCP has resets; a unix socket is closed.
  return streamLink(socket, description, () => ('path' in target ? socket.destroy() : socket.resetAndDestroy()));
}
