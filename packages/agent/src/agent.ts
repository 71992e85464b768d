import type { Duplex } from 'node:stream';
import { type ArgumentTypes, type MessageDefinition, SpopError, Status } from '@spop/codec';
import { check, checkInteger, checkOptions, isObject, MAX_TIMER_MS } from './checks.ts';
import { Connections } from './connection/connections.ts';
import { toDisconnectBytes } from './session/control-frames.ts';
import { Drain } from './connection/drain.ts';
import type { MessageHandler, MessageOptions, NotifyHandler } from './message-handler.ts';
import { Handlers } from './notify/handlers.ts';
import {
  checkTarget,
  type ListenAddress,
  type ListenTarget,
  parseListenAddress,
  type TcpAddress,
  type TcpTarget,
  type UnixAddress,
  type UnixTarget,
} from './listen-target.ts';
import { type Listener, openListener } from './listener.ts';
import { type AgentMetrics, toAgentMetrics } from './observe/metrics.ts';
import { overload } from './observe/overload.ts';
import { type AgentOptions, resolveOptions, type ResolvedOptions } from './options.ts';
import { Shared } from './shared.ts';

/** How long {@link Agent.close} waits for what is in flight by default. */
const DEFAULT_GRACE_MS = 5_000;

/** What an agent consists of once it serves. */
interface Running {
  readonly shared: Shared;
  readonly connections: Connections;
}

/** Options of {@link Agent.close}. */
export interface CloseOptions {
  /**
   * How long handlers in flight and peers may take. What is in flight then gets the fallback actions, and its connection
   * is destroyed; 5,000 ms by default.
   */
  readonly graceMs?: number | undefined;
}

/**
 * An SPOP agent: HAProxy asks, its handlers answer. Made by {@link createAgent}.
 *
 *     const agent = createAgent().onMessage(checkClientIp, (message, ack) => {
 *       ack.set(ipScore, score(message.ip));
 *     });
 *     await agent.listen({ port: 9000 });
 */
export class Agent implements AsyncDisposable {
  readonly options: ResolvedOptions;
  readonly #handlers: Handlers;
  readonly #listeners: Listener[] = [];
  #running: Running | undefined;
  #closing: Promise<void> | undefined;
  #isAccepting: boolean = true;

  constructor(options: AgentOptions) {
    this.options = resolveOptions(options);
    this.#handlers = new Handlers(this.options);
  }

  /** Connections that are open. */
  get connectionCount(): number {
    return this.#running?.connections.all.size ?? 0;
  }

  /** NOTIFYs that wait for their handlers. */
  get inFlightCount(): number {
    return this.#running?.shared.inFlight.count ?? 0;
  }

  /**
   * Adds the handler of a message, with a deadline and a fallback of the message's own where the agent's are not meant;
   * before the first `listen`, `handle` or `close`:
   *
   *     agent.onMessage(inspectBody, inspect, { timeoutMs: 200, fallback: (message, ack) => ack.set(verdict, 'unknown') });
   *
   * Where several messages come in one NOTIFY, one that fails or is late loses its own actions and gets its fallback; what
   * the others set stays, and the ACK waits for each of them, at most to its own deadline.
   *
   * @throws {SpopError} SPOP_INVALID_NAME for a second one of the same name, SPOP_MISUSE after one of those calls;
   * {TypeError} where the definition is not of `defineMessage`, or the handler no function; {TypeError} or {RangeError} for
   * an unknown option or one of a wrong type.
   */
  onMessage<Args extends ArgumentTypes>(
    definition: MessageDefinition<Args>,
    handler: MessageHandler<MessageDefinition<Args>>,
    options?: MessageOptions<MessageDefinition<Args>>,
  ): this {
    this.#handlers.add(definition, handler, options);
    return this;
  }

  /** Adds the handler of whole NOTIFYs, called after those of their messages. @throws {SpopError} as `onMessage`. */
  onNotify(handler: NotifyHandler): this {
    this.#handlers.setNotifyHandler(handler);
    return this;
  }

  /**
   * Starts to listen, and resolves to the address once connections are accepted. A text is read as
   * {@link parseListenAddress} does: `127.0.0.1:9000`, `[::1]:9000`, `:9000`, `unix:/run/agent.sock`.
   *
   * @throws {Error} of node:net, such as EADDRINUSE or EACCES; {TypeError} or {RangeError} where the target is not as its
   * type says; {SpopError} SPOP_MISUSE after `close`.
   */
  listen(target: TcpTarget): Promise<TcpAddress>;
  listen(target: UnixTarget): Promise<UnixAddress>;
  listen(target: ListenTarget | string): Promise<ListenAddress>;
  async listen(given: ListenTarget | string): Promise<ListenAddress> {
    const target = typeof given === 'string' ? parseListenAddress(given) : given;
    checkTarget(target);
    this.#checkOpen();
    const { hooks } = this.#start().shared;
    const listener = await openListener(target, (socket) => this.#open(socket, true));
    listener.server.on('error', (error) => hooks.emit('transportError', { connection: undefined, error }));
    if (this.#closing !== undefined) {
      await listener.close();
      this.#checkOpen();
    }
    this.#listeners.push(listener);
    hooks.log?.note('info', { event: 'listening', ...listener.address }, 'listening for HAProxy');
    return listener.address;
  }

  /**
   * Serves one connection over any stream, such as a TLS socket or one end of a `duplexPair()`. After `close` the stream
   * is destroyed: a handshake may complete at any moment.
   *
   * @throws {TypeError} where it is no stream that reads and writes, or one that reads text (`setEncoding`).
   */
  handle(stream: Duplex): void {
    check(isDuplex(stream), 'a Duplex stream, such as a socket', stream);
    const encoding = stream.readableEncoding ?? undefined;
    check(encoding === undefined, 'a stream of bytes, without setEncoding()', encoding);
    this.#open(stream, false);
  }

  /**
   * Stops accepting, answers what is in flight, says AGENT-DISCONNECT to every peer at a moment that loses no NOTIFY
   * (with pipelining: few), and waits for them to close; resolves when all connections are closed, after a quarter of a
   * second or more where some were open. What is left after `graceMs` gets the fallback actions, and is destroyed. A second
   * call returns the promise of the first, whose `graceMs` counts.
   *
   * @throws {RangeError} where `graceMs` is no integer from 0 to 2^31 - 1; {TypeError} for an unknown option.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkCloseOptions(options);
    } catch (thrown) {
      // Not by an async function: a second call gets the very promise of the first.
      const error = thrown as Error;
      return Promise.reject(error);
    }
    if (this.#closing === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Before anything is told to anybody, who might call this again.
      this.#closing = promise;
      resolve(this.#close(options.graceMs ?? DEFAULT_GRACE_MS));
    }
    return this.#closing;
  }

  /** Counters since the start and gauges of this moment, as a new object; docs/observability.md explains each. */
  toMetrics(): AgentMetrics {
    const { shared, connections } = this.#running ?? run(this.options, new Handlers(this.options));
    return toAgentMetrics(shared, connections.all);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(): Running {
    return (this.#running ??= run(this.options, this.#handlers));
  }

  #open(stream: Duplex, isAccepted: boolean): void {
    // After the servers have closed, or ended before it was handed over: nothing would tell of its end.
    if (!this.#isAccepting || stream.destroyed || stream.writableEnded) {
      stream.destroy();
      return;
    }
    const { shared, connections } = this.#start();
    const { maxConnections } = this.options;
    const reason = `more than ${maxConnections} connections`;
    // Those that are refused stay until their peers close: beyond as many again there is no time for that.
    if (connections.all.size >= 2 * maxConnections) {
      shared.counters.refusedConnections++;
      shared.hooks.emit('overload', { connection: undefined, ...overload('maxConnections', this.options) });
      turnAway(stream, reason);
      return;
    }
    const isRefused = connections.all.size >= maxConnections;
    const connection = connections.open(stream, isAccepted);
    if (isRefused) {
      shared.counters.refusedConnections++;
      const reached = overload('maxConnections', this.options);
      shared.hooks.emit('overload', { connection: connection.session.describe(), ...reached });
      connection.refuse(reason);
    }
  }

  async #close(graceMs: number): Promise<void> {
    const { shared, connections } = this.#start();
    const closing = { event: 'closing', graceMs, connections: connections.all.size };
    shared.hooks.log?.note('info', closing, 'agent closing');
    let isOver = false;
    const giveUp = (): void => {
      isOver = true;
      for (const connection of connections.all) connection.giveUp(`not done within graceMs, ${graceMs} ms`);
    };
    const force = setTimeout(giveUp, graceMs);
    const draining = new Drain(connections.all, graceMs);
    // What the kernel has accepted already is still served: HAProxy has a NOTIFY for each, and does not try again.
    await new Promise((resolve) => void setImmediate(resolve));
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#isAccepting = false;
    // Where the event loop was blocked, connections may have been accepted after the last moment.
    if (isOver) giveUp();
    await Promise.all([closed, connections.whenNone()]);
    draining.stop();
    clearTimeout(force);
    shared.hooks.log?.flush();
    shared.hooks.log?.note('info', { event: 'closed' }, 'agent closed');
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new SpopError('SPOP_MISUSE', 'expected an agent that is not closed');
  }
}

/**
 * Makes an agent; it listens once told to.
 *
 * @throws {RangeError} for a number out of its range, {TypeError} for an unknown option or a wrong type.
 */
export function createAgent(options: AgentOptions = {}): Agent {
  return new Agent(options);
}

function run(options: ResolvedOptions, handlers: Handlers): Running {
  const shared = new Shared(options, handlers);
  return { shared, connections: new Connections(shared) };
}

/** Refuses a connection without waiting for anything: the peer reads why, unless its system is faster to drop it. */
function turnAway(stream: Duplex, message: string): void {
  stream.on('error', () => {});
  stream.end(toDisconnectBytes(Status.ResourceAllocation, message));
  setImmediate(() => stream.destroy());
}

function checkCloseOptions(options: CloseOptions): void {
  checkOptions('close()', options, ['graceMs']);
  if (options.graceMs !== undefined) checkInteger('graceMs', options.graceMs, 0, MAX_TIMER_MS);
}

/** By what a Duplex can do: not all are of this process's `node:stream`. */
function isDuplex(stream: unknown): boolean {
  const methods = ['on', 'read', 'write', 'destroy'];
  return isObject(stream) && methods.every((method) => typeof Reflect.get(stream, method) === 'function');
}
