import { once } from 'node:events';
import { createServer, Socket, type Server } from 'node:net';
import { PeerFailure } from '../haproxy/peer-failure.ts';
import type { Side } from '../validate/connection-state.ts';
import type { RecordedConnection, Recorder } from './capture/recorder.ts';
import { addressText, openSocket, type Address, type AgentTarget } from './target.ts';

/** Passes all bytes between HAProxy and an agent, and shows them to a recorder. */
export class RecordingProxy {
  /** The number of connections accepted. */
  connections: number = 0;
  readonly #server: Server;
  readonly #target: AgentTarget;
  readonly #recorder: Recorder;
  readonly #report: (text: string) => void;
  readonly #sockets: Set<Socket> = new Set();
  readonly #current: Set<Promise<void>> = new Set();
  #onEnded: (() => void) | undefined;

  /** @param report Called for connections that do not reach the agent. */
  constructor(target: AgentTarget, recorder: Recorder, report: (text: string) => void) {
    this.#target = target;
    this.#recorder = recorder;
    this.#report = report;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.connections++;
      const taken = this.#take(socket).finally(() => {
        this.#current.delete(taken);
        this.#onEnded?.();
      });
      this.#current.add(taken);
    });
  }

  /** Listens. @returns The address, with the chosen port for port 0. Rejects when the system refuses it. */
  async listen(address: Address): Promise<string> {
    this.#server.listen(address);
    await once(this.#server, 'listening');
    const bound = this.#server.address();
    return addressText(
      'host' in address && typeof bound === 'object' && bound !== null ? { ...address, port: bound.port } : address,
    );
  }

  /** Resolves once `count` connections have come and all of them have ended. */
  whenEnded(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnded = () => {
        if (this.connections >= count && this.#current.size === 0) resolve();
      };
    });
  }

  /** Stops listening, and ends all connections. Resolves when the recorder has recorded their ends. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#current);
    await closed;
  }

  async #take(haproxy: Socket): Promise<void> {
    this.#sockets.add(haproxy);
    haproxy.once('close', () => this.#sockets.delete(haproxy));
    const recorded = this.#recorder.open();
    const broken = (): void => void haproxy.destroy();
    haproxy.once('error', broken);
    try {
      const agent = await openSocket(this.#target);
      haproxy.removeListener('error', broken);
      this.#sockets.add(agent);
      agent.once('close', () => this.#sockets.delete(agent));
      await handOn(haproxy, agent, recorded);
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
      this.#report(error.message);
      recorded.close('agent');
      reset(haproxy);
    }
  }
}

/** Resolves when both are closed. */
async function handOn(haproxy: Socket, agent: Socket, recorded: RecordedConnection): Promise<void> {
  let first: Side | undefined;
  const pass = (from: Side, socket: Socket, other: Socket): Promise<void> => {
    socket.on('data', (chunk: Buffer) => {
      recorded.push(from, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      if (!other.write(chunk)) socket.pause();
    });
    other.on('drain', () => socket.resume());
    const ended = (): void => {
      first ??= from;
      other.end();
    };
    // A peer that sends nothing may have ended while the agent was being connected.
    if (socket.readableEnded) ended();
    else socket.on('end', ended);
    socket.on('error', () => {
      first ??= from;
      reset(other);
    });
    return new Promise((resolve) => {
      socket.once('close', () => {
        if (!other.destroyed && !other.writableEnded) other.destroy();
        resolve();
      });
      if (socket.destroyed) {
        first ??= from;
        other.destroy();
        resolve();
      }
    });
  };
  await Promise.all([pass('haproxy', haproxy, agent), pass('agent', agent, haproxy)]);
  recorded.close(first ?? 'haproxy');
}

/** Passes on a reset, which HAProxy and agents tell from an end. */
function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // TLS and unix sockets have no reset.
  if (Object.getPrototypeOf(socket) === Socket.prototype && socket.remotePort !== undefined) socket.resetAndDestroy();
  else socket.destroy();
}
