import { MIN_MAX_FRAME_SIZE } from '@spop/codec';
import { check, checkFunction, checkInteger, checkOptions, MAX_TIMER_MS } from './checks.ts';
import type { Fallback } from './message-handler.ts';
import { checkLogger, type Logger } from './observe/event-log.ts';
import { checkHooks, type Hooks } from './observe/events.ts';

/** Options of an agent; every one has a default. Times are in milliseconds, and 0 switches a timer off. */
export interface AgentOptions {
  /**
   * The longest frame that the agent offers to take, in bytes, 256 or more; HAProxy's own size counts where that is
   * smaller, and it is 16,380 unless `tune.bufsize` says otherwise. 1 MiB by default.
   */
  readonly maxFrameSize?: number | undefined;
  /** Whether HAProxy may have up to 20 NOTIFYs in flight on a connection instead of one. True by default. */
  readonly pipelining?: boolean | undefined;
  /**
   * The most bytes of one fragmented NOTIFY of HAProxy 3.0 and older, all fragments together; a larger one is
   * acknowledged with the fallback actions. 1 MiB by default.
   */
  readonly maxReassembledBytes?: number | undefined;
  /**
   * How many connections are open at once at most; all beyond are refused with status 13. 10,000 by default.
   */
  readonly maxConnections?: number | undefined;
  /** How many NOTIFYs of one connection wait for their handlers; at this many reading pauses. 256 by default. */
  readonly maxInFlightPerConnection?: number | undefined;
  /** How many NOTIFYs in all wait for their handlers; at this many reading pauses. 10,000 by default. */
  readonly maxInFlight?: number | undefined;
  /**
   * How many bytes those NOTIFYs hold in all, each its own, its ACK's as far as that is written, and its views
   * (docs/guides/limits.md); at this many reading pauses, and for one connection at a quarter of it. 256 MiB by default.
   */
  readonly maxInFlightBytes?: number | undefined;
  /**
   * How many bytes of memory all connections hold for frames that are not complete, for fragments, and for what they read
   * before they were paused. Beyond, the connection whose frame was begun longest ago ends with status 13. 64 MiB by default.
   */
  readonly maxIncompleteBytes?: number | undefined;
  /**
   * After this long a message gets the fallback actions, and what its handler does later is dropped, unless `onMessage` was
   * given a `timeoutMs` of the message's own. Set it below HAProxy's `timeout processing`. 1,000 by default; 0 is no
   * deadline, and lets handlers that never settle use up `maxInFlight`.
   */
  readonly processingTimeoutMs?: number | undefined;
  /** How long a new connection may take until its HAPROXY-HELLO is complete. 10,000 by default; ends with status 2. */
  readonly helloTimeoutMs?: number | undefined;
  /** How long a connection may be without any bytes and any NOTIFY in flight. 0 by default; ends with status 2. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a frame that was begun, or all fragments of a NOTIFY, may take to be complete. 10,000 by default; ends with status 2. */
  readonly partialFrameTimeoutMs?: number | undefined;
  /** How long a peer may take no byte of what waits for it. 10,000 by default; its connection is destroyed, as status 2. */
  readonly writeTimeoutMs?: number | undefined;
  /**
   * How long the agent waits for the peer to close after its own last frame, and for handlers after the peer closed its
   * side. 1,000 by default.
   */
  readonly lingerTimeoutMs?: number | undefined;
  /**
   * From how many ms on a blocked event loop is reported as `eventLoopBlocked`; looked at while connections are open.
   * 100 by default.
   */
  readonly eventLoopBlockedMs?: number | undefined;
  /**
   * Answers in the place of a handler that failed or was too late, before it returns, where `onMessage` was given no fallback of
   * the message's own; without actions by default.
   */
  readonly fallback?: Fallback | undefined;
  /** Told what happens; see {@link Hooks}. */
  readonly hooks?: Hooks | undefined;
  /** Where events are logged: a pino logger, `textLogger()`, `console`, or alike; nowhere by default. */
  readonly logger?: Logger | undefined;
}

/** Options with their defaults filled in. */
export type ResolvedOptions = {
  readonly [Name in keyof Omit<AgentOptions, 'logger'>]-?: Exclude<AgentOptions[Name], undefined>;
} & { readonly logger: Logger | undefined };

const DEFAULTS: ResolvedOptions = {
  maxFrameSize: 1_048_576,
  pipelining: true,
  maxReassembledBytes: 1_048_576,
  maxConnections: 10_000,
  maxInFlightPerConnection: 256,
  maxInFlight: 10_000,
  maxInFlightBytes: 268_435_456,
  maxIncompleteBytes: 67_108_864,
  processingTimeoutMs: 1_000,
  helloTimeoutMs: 10_000,
  idleTimeoutMs: 0,
  partialFrameTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  lingerTimeoutMs: 1_000,
  eventLoopBlockedMs: 100,
  fallback: () => {},
  hooks: {},
  logger: undefined,
};

/** The smallest value of each numeric option. */
const MINIMUMS = {
  maxFrameSize: MIN_MAX_FRAME_SIZE,
  maxReassembledBytes: MIN_MAX_FRAME_SIZE,
  maxConnections: 1,
  maxInFlightPerConnection: 1,
  maxInFlight: 1,
  maxInFlightBytes: 1,
  maxIncompleteBytes: MIN_MAX_FRAME_SIZE,
  processingTimeoutMs: 0,
  helloTimeoutMs: 0,
  idleTimeoutMs: 0,
  partialFrameTimeoutMs: 0,
  writeTimeoutMs: 0,
  lingerTimeoutMs: 1,
  eventLoopBlockedMs: 0,
} as const;
const NUMBERS = Object.keys(MINIMUMS) as (keyof typeof MINIMUMS)[];

const MAX_UINT32 = 0xffff_ffff;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} where a number is no integer in its range; {TypeError} for an unknown option, or another value
 * of a wrong type.
 */
export function resolveOptions(options: AgentOptions): ResolvedOptions {
  checkOptions('createAgent()', options, Object.keys(DEFAULTS));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: ResolvedOptions = { ...DEFAULTS, ...Object.fromEntries(given) };
  for (const name of NUMBERS) {
    checkInteger(name, resolved[name], MINIMUMS[name], name.endsWith('Ms') ? MAX_TIMER_MS : MAX_UINT32);
  }
  check(typeof resolved.pipelining === 'boolean', 'pipelining to be a boolean', resolved.pipelining);
  checkFunction('fallback', resolved.fallback);
  checkHooks(resolved.hooks);
  checkLogger(resolved.logger);
  return resolved;
}
