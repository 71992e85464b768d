import { BufferPool } from '@spop/codec';
import { Clock, tickMs } from './clock.ts';
import { Counters } from './observe/counters.ts';
import { EventLoopWatch } from './observe/event-loop-watch.ts';
import { EventReporter } from './observe/event-reporter.ts';
import { argumentAdvice } from './observe/argument-advice.ts';
import { LONG_PENDING_MS, mayPendLong, pendingAdvice } from './observe/pending-advice.ts';
import { Exchanges } from './notify/exchanges.ts';
import type { Handlers } from './notify/handlers.ts';
import { IncompleteBytes } from './incomplete-bytes.ts';
import { InFlight } from './notify/in-flight.ts';
import type { ResolvedOptions } from './options.ts';
import { Turn } from './turn.ts';

/** Bytes of one write: the size of an output buffer. */
const WRITE_BYTES = 262_144;
/** Up to 256 output buffers, 64 MiB together, are pooled. When all of them are in use, further ones are allocated and not kept. */
const MAX_POOLED_BUFFERS = 256;

/** The parts of an agent that all its connections share. */
export class Shared {
  declare readonly options: ResolvedOptions;
  declare readonly handlers: Handlers;
  declare readonly hooks: EventReporter;
  readonly counters: Counters = new Counters();
  declare readonly eventLoop: EventLoopWatch;
  declare readonly clock: Clock;
  declare readonly exchanges: Exchanges;
  declare readonly inFlight: InFlight;
  declare readonly incomplete: IncompleteBytes;
  readonly turn: Turn = new Turn();
  readonly outputPool: BufferPool = new BufferPool({ bufferSize: WRITE_BYTES, maxBuffers: MAX_POOLED_BUFFERS });

  constructor(options: ResolvedOptions, handlers: Handlers) {
    this.options = options;
    this.handlers = handlers;
    this.hooks = new EventReporter(options, this.counters);
    this.eventLoop = new EventLoopWatch(options.eventLoopBlockedMs, (blockedMs) =>
      this.hooks.emit('eventLoopBlocked', { blockedMs }),
    );
    const clockMs = Math.min(tickMs(options), this.eventLoop.tickMs);
    this.clock = new Clock(clockMs, (lateMs) => this.eventLoop.tick(lateMs));
    this.exchanges = new Exchanges(handlers.set);
    this.inFlight = new InFlight(options);
    this.incomplete = new IncompleteBytes(options.maxIncompleteBytes);
    this.#watchArguments();
    if (mayPendLong(handlers.longestTimeoutMs)) this.#watchPending();
  }

  /**
   * Advises once on each message whose arguments are not as declared. It waits until the frame was read, since it calls the
   * user's logger.
   */
  #watchArguments(): void {
    this.handlers.set.onFirst = (definition, names) => {
      const advice = argumentAdvice(definition, names);
      if (advice !== undefined) process.nextTick(() => this.hooks.advise(advice));
    };
  }

  /** Advises on the first NOTIFY that waits too long for its handlers. */
  #watchPending(): void {
    let isTold = false;
    const look = (): void => {
      const { oldest } = this.inFlight;
      if (oldest === undefined || isTold) return;
      const pendingMs = Math.round(performance.now() - oldest.startedAt);
      if (pendingMs <= LONG_PENDING_MS) return;
      isTold = true;
      const messages = this.handlers.namesOf(oldest.notify);
      this.hooks.advise(pendingAdvice(oldest.timeoutMs, pendingMs, oldest.reportedStreamId, messages));
    };
    // Look in the turn after the tick: by then handlers that settled while the event loop was blocked are no longer in flight.
    this.clock.every(LONG_PENDING_MS / 4, () => {
      if (!isTold && this.inFlight.count > 0) setImmediate(look);
    });
  }
}
