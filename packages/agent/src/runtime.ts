import { type AckWriter, BufferPool } from '@spop/codec';
import { Clock, tickMs } from './clock.ts';
import type { Connection } from './connection.ts';
import { EventLoopWatch } from './event-loop-watch.ts';
import { EventReporter } from './event-reporter.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeRing } from './exchange-ring.ts';
import type { Handlers } from './handlers.ts';
import { Metrics } from './metrics.ts';
import type { ResolvedOptions } from './options.ts';
import type { Session } from './session.ts';
import { isThenable } from './thenable.ts';
import { textOf, warn } from './warning.ts';

/**
 * Bytes that are read at once: more than the 20 NOTIFYs of 16 KiB that HAProxy has in flight on a connection. Each read
 * wakes the peer, which for realistic NOTIFYs makes 64 KiB at once a third slower (benchmark `load`).
 */
const READ_BYTES = 524_288;
/** How long connections that always have more to be read are read on in a turn of the event loop. */
const MAX_TURN_MS = 5;
/** Bytes that are written at once. */
const WRITE_BYTES = 262_144;
/** Up to 64 MiB of output that the kernel has not taken; more is allocated for the moment. */
const MAX_POOLED_BUFFERS = 256;
const ASYNC_FALLBACK =
  "The option 'fallback' returned a promise: it has to set its actions synchronously, later ones are lost";

/** What all connections of an agent share. */
export class Runtime {
  declare readonly options: ResolvedOptions;
  declare readonly handlers: Handlers;
  declare readonly hooks: EventReporter;
  readonly metrics: Metrics = new Metrics();
  declare readonly eventLoop: EventLoopWatch;
  declare readonly exchanges: ExchangeRing;
  readonly outputPool: BufferPool = new BufferPool({ bufferSize: WRITE_BYTES, maxBuffers: MAX_POOLED_BUFFERS });
  readonly connections: Set<Connection> = new Set();
  /** Connections that do not read because too many NOTIFYs are in flight in all. */
  readonly paused: Set<Connection> = new Set();
  /**
   * Whether a connection hands frames to its session. No other may meanwhile: limits are not asked for at each frame, and
   * exchanges take turns, so that frames read from within a handler would exceed the ones and use up the others.
   */
  isReading: boolean = false;
  /** NOTIFYs whose handlers have not settled, the oldest first. */
  readonly #inFlight: Map<Exchange, Session> = new Map();
  /** Bytes of memory that those hold. */
  #inFlightBytes: number = 0;
  #readBuffer: Buffer | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  /** When the first full buffer of this turn of the event loop was read, on the clock of performance.now(). */
  #turnStartedAt: number | undefined;
  declare readonly clock: Clock;
  /** Told when a connection has closed. */
  onConnectionClosed: () => void = () => {};

  constructor(options: ResolvedOptions, handlers: Handlers) {
    this.options = options;
    this.handlers = handlers;
    this.hooks = new EventReporter(options, this.metrics);
    this.eventLoop = new EventLoopWatch(options.eventLoopBlockedMs, (blockedMs) =>
      this.hooks.emit('eventLoopBlocked', { blockedMs }),
    );
    this.exchanges = new ExchangeRing(handlers.set);
    const checkMs = tickMs(options);
    const clockMs = Math.min(checkMs, this.eventLoop.tickMs);
    let ticksLeft = 0;
    this.clock = new Clock(clockMs, (now, lateMs) => {
      this.eventLoop.tick(lateMs);
      if (--ticksLeft > 0) return;
      ticksLeft = Math.floor(checkMs / clockMs);
      // After a turn in which the event loop was blocked, what has come meanwhile is read first.
      setImmediate(() => {
        for (const connection of this.connections) connection.checkTimers(now);
      });
    });
  }

  /** Where sockets read into, one after the other: whoever reads uses the bytes up, or copies them, before returning. */
  get readBuffer(): Buffer {
    return (this.#readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES));
  }

  /**
   * Whether reading has gone on for long enough in this turn of the event loop; asked where a connection has more to be
   * read. Not at once: what waits in the kernel leaves the processor's cache (benchmark `load`, 4 connections).
   */
  isTurnOver(): boolean {
    const now = this.metrics.batchStartedAt;
    if (this.#turnStartedAt === undefined) {
      this.#turnStartedAt = now;
      setImmediate(() => (this.#turnStartedAt = undefined));
    }
    return now - this.#turnStartedAt >= MAX_TURN_MS;
  }

  /** How many NOTIFYs wait for their handlers. */
  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  /** Whether so many NOTIFYs are in flight, or such large ones, that no connection may read on. */
  get isFull(): boolean {
    const { maxInFlight, maxInFlightBytes } = this.options;
    return this.#inFlight.size >= maxInFlight || this.#inFlightBytes >= maxInFlightBytes;
  }

  /** Adds a connection, whose timers are looked after from now on; the clock runs already. */
  open(connection: Connection): void {
    this.connections.add(connection);
  }

  /** Removes a connection that has closed. */
  closed(connection: Connection): void {
    this.connections.delete(connection);
    this.metrics.addTraffic(connection);
    this.paused.delete(connection);
    if (this.connections.size === 0) this.clock.stop();
    this.onConnectionClosed();
  }

  add(session: Session, exchange: Exchange): void {
    this.#inFlight.set(exchange, session);
    this.#inFlightBytes += exchange.heldBytes;
    if (this.#deadlineTimer === undefined && this.options.processingTimeoutMs > 0) {
      this.#armDeadline(this.options.processingTimeoutMs);
    }
  }

  remove(exchange: Exchange): void {
    if (this.#inFlight.delete(exchange)) this.#inFlightBytes -= exchange.heldBytes;
    this.resumePaused();
  }

  /**
   * Lets one connection that waits for room read on. It calls again once it has read what it had, so that room is never
   * left while others wait, nor given to more connections than there is room for.
   */
  resumePaused(): void {
    if (this.paused.size === 0 || this.isFull) return;
    for (const connection of this.paused) {
      this.paused.delete(connection);
      if (connection.mayResume()) return;
    }
  }

  /** Replaces what a failed handler wrote by the fallback actions. */
  applyFallback(ack: AckWriter): void {
    ack.reset();
    try {
      const result: unknown = this.options.fallback(ack);
      if (result === undefined || !isThenable(result)) return;
      warn('SPOP_FALLBACK_ASYNC', ASYNC_FALLBACK);
      // What it sets too late throws there.
      Promise.resolve(result).catch(() => {});
    } catch (error) {
      ack.reset();
      warn('SPOP_FALLBACK_THREW', `The option 'fallback' threw: ${textOf(error)}`);
    }
  }

  /** One timer for all NOTIFYs, armed for the oldest: they expire in the order they came. */
  #armDeadline(delayMs: number): void {
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlineTimer = undefined;
      const expired = performance.now() - this.options.processingTimeoutMs;
      for (const [exchange, session] of this.#inFlight) {
        if (exchange.startedAt > expired) {
          this.#armDeadline(Math.max(1, Math.ceil(exchange.startedAt - expired)));
          return;
        }
        session.expire(exchange);
      }
    }, delayMs);
    this.#deadlineTimer.unref();
  }
}
