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

/** How long {@link Agent.close} waits for NOTIFYs in flight by default. */
const DEFAULT_GRACE_MS = 5_000;

/** The parts of an agent that exist once it serves. */
interface Running {
  readonly shared: Shared;
  readonly connections: Connections;
}

/** Options of {@link Agent.close}. */
export interface CloseOptions {
  /**
   * How long handlers in flight and peers may take, in ms; 5,000 by default. NOTIFYs that are still in flight then get the
   * fallback actions, and their connections are destroyed.
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
  /** The options that were given, and the defaults of the others. */
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
   * Adds the handler of a message. `options` give the message a deadline and a fallback of its own instead of the agent's.
   * Call it before the first `listen`, `handle` or `close`:
   *
   *     agent.onMessage(inspectBody, inspect, { timeoutMs: 200, fallback: (message, ack) => ack.set(verdict, 'unknown') });
   *
   * When one NOTIFY has several messages, a message that fails or is late loses its own actions and gets its fallback. The
   * actions of the others stay. The ACK waits for every handler, each up to its own deadline.
   *
   * @throws {SpopError} SPOP_INVALID_NAME for a second handler of one message name; SPOP_MISUSE after one of those calls;
   * {TypeError} when the definition was not made by `defineMessage` or the handler is not a function; {TypeError} or
   * {RangeError} for an unknown option or a wrong value.
   */
  onMessage<Args extends ArgumentTypes>(
    definition: MessageDefinition<Args>,
    handler: MessageHandler<MessageDefinition<Args>>,
    options?: MessageOptions<MessageDefinition<Args>>,
  ): this {
    this.#handlers.add(definition, handler, options);
    return this;
  }

  /**
   * Adds the handler of whole NOTIFYs, which is called after the handlers of their messages.
   *
   * @throws {SpopError} as `onMessage`.
   */
  onNotify(handler: NotifyHandler): this {
    this.#handlers.setNotifyHandler(handler);
    return this;
  }

  /**
   * Starts to listen, and resolves to the address once connections are accepted. A string is read as
   * {@link parseListenAddress} does: `127.0.0.1:9000`, `[::1]:9000`, `:9000`, `unix:/run/agent.sock`.
   *
   * @throws {Error} of node:net, such as EADDRINUSE or EACCES; {TypeError} or {RangeError} when the target does not match
   * its type; {SpopError} SPOP_MISUSE after `close`.
   */
  listen(target: TcpTarget): Promise<TcpAddress>;
  /** Listens on a unix socket; as on TCP otherwise. */
  listen(target: UnixTarget): Promise<UnixAddress>;
  /** Listens on what {@link parseListenAddress} takes, such as `127.0.0.1:9000` or `unix:/run/agent.sock`, or on an open socket. */
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
   * Serves one connection over any stream, such as a TLS socket or one end of a `duplexPair()`. After `close` it destroys
   * the stream instead of throwing, because a TLS handshake may complete at any moment.
   *
   * @throws {TypeError} when `stream` does not both read and write, or reads text (`setEncoding`).
   */
  handle(stream: Duplex): void {
    check(isDuplex(stream), 'a Duplex stream, such as a socket', stream);
    const encoding = stream.readableEncoding ?? undefined;
    check(encoding === undefined, 'a stream of bytes, without setEncoding()', encoding);
    this.#open(stream, false);
  }

  /**
   * Stops accepting, answers the NOTIFYs in flight, sends every peer an AGENT-DISCONNECT at a moment that loses no NOTIFY
   * (with pipelining: few), and waits for the peers to close. It resolves when all connections are closed: after 250 ms or
   * more when any were open. Once `graceMs` is over, NOTIFYs in flight get the fallback actions, and connections are destroyed.
   * A second call returns the promise of the first, whose `graceMs` counts.
   *
   * @throws {RangeError} when `graceMs` is not an integer from 0 to 2^31 - 1; {TypeError} for an unknown option.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkCloseOptions(options);
    } catch (thrown) {
      // This function is not async, so that a second call gets the same promise as the first.
      const error = thrown as Error;
      return Promise.reject(error);
    }
    if (this.#closing === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Set before any hook or logger runs, since one may call close() again.
      this.#closing = promise;
      resolve(this.#close(options.graceMs ?? DEFAULT_GRACE_MS));
    }
    return this.#closing;
  }

  /** Counters since the start and the present gauges, as a new object; docs/observability.md explains each. */
  toMetrics(): AgentMetrics {
    const { shared, connections } = this.#running ?? run(this.options, new Handlers(this.options));
    return toAgentMetrics(shared, connections.all);
  }

  /** Closes the agent as {@link Agent.close} does by default, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #start(): Running {
    return (this.#running ??= run(this.options, this.#handlers));
  }

  #open(stream: Duplex, isAccepted: boolean): void {
    // The servers have closed, or the stream ended before it was handed over: no event would tell of its end.
    if (!this.#isAccepting || stream.destroyed || stream.writableEnded) {
      stream.destroy();
      return;
    }
    const { shared, connections } = this.#start();
    const { maxConnections } = this.options;
    const reason = `more than ${maxConnections} connections`;
    // A refused connection stays open until its peer closes. At twice maxConnections the agent no longer waits for that.
    if (connections.all.size >= 2 * maxConnections) {
      shared.counters.refusedConnections++;
      shared.hooks.emit('overload', { connection: undefined, ...overload('maxConnections', this.options) });
      refuseAtOnce(stream, reason);
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
    // Connections that the kernel has accepted are still served: HAProxy has a NOTIFY for each, and does not try again.
    await new Promise((resolve) => void setImmediate(resolve));
    const closed = Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#isAccepting = false;
    // When the event loop was blocked, connections may have been accepted after `graceMs` had passed.
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
 * Makes an agent. It serves nothing before `listen` or `handle` is called.
 *
 * @throws {RangeError} for a number out of its range; {TypeError} for an unknown option or a wrong type.
 */
export function createAgent(options: AgentOptions = {}): Agent {
  return new Agent(options);
}

function run(options: ResolvedOptions, handlers: Handlers): Running {
  const shared = new Shared(options, handlers);
  return { shared, connections: new Connections(shared) };
}

/** Refuses a connection and destroys it without waiting for the peer to close; the peer may not get to read the reason. */
function refuseAtOnce(stream: Duplex, message: string): void {
  stream.on('error', () => {});
  stream.end(toDisconnectBytes(Status.ResourceAllocation, message));
  setImmediate(() => stream.destroy());
}

function checkCloseOptions(options: CloseOptions): void {
  checkOptions('close()', options, ['graceMs']);
  if (options.graceMs !== undefined) checkInteger('graceMs', options.graceMs, 0, MAX_TIMER_MS);
}

/** Tests the methods, since a Duplex need not come from this process's `node:stream`. */
function isDuplex(stream: unknown): boolean {
  const methods = ['on', 'read', 'write', 'destroy'];
  return isObject(stream) && methods.every((method) => typeof Reflect.get(stream, method) === 'function');
}
