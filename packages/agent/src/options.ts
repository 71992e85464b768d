import { MIN_MAX_FRAME_SIZE } from '@spop/codec';
import { check, checkFunction, checkInteger, checkOptions, MAX_TIMER_MS } from './checks.ts';
import type { Fallback } from './message-handler.ts';
import { checkLogger, type Logger } from './observe/event-log.ts';
import { checkHooks, type Hooks } from './observe/events.ts';

/** Options of an agent; every one has a default. Times are in milliseconds, and 0 switches a timer off. */
export interface AgentOptions {
  /**
   * The longest frame that the agent offers to take, in bytes, 256 or more. HAProxy's own size counts if it is smaller; it is
   * 16,380 unless `tune.bufsize` was changed. 1 MiB by default.
   */
  readonly maxFrameSize?: number | undefined;
  /** Whether HAProxy may have up to 20 NOTIFYs in flight on a connection instead of one. True by default. */
  readonly pipelining?: boolean | undefined;
  /**
   * The most bytes of all fragments of one NOTIFY of HAProxy 3.0 and older. A larger NOTIFY is acknowledged with the fallback
   * actions. 1 MiB by default.
   */
  readonly maxReassembledBytes?: number | undefined;
  /** The most connections that are open at once; further ones are refused with status 13. 10,000 by default. */
  readonly maxConnections?: number | undefined;
  /** The most NOTIFYs of one connection that wait for their handlers; at this number reading it pauses. 256 by default. */
  readonly maxInFlightPerConnection?: number | undefined;
  /** The most NOTIFYs of all connections that wait for their handlers; at this number reading pauses. 10,000 by default. */
  readonly maxInFlight?: number | undefined;
  /**
   * The most bytes that these NOTIFYs hold: each its own bytes, those of its ACK so far, and its views (docs/guides/limits.md).
   * At this number reading pauses, and at a quarter of it for one connection. 256 MiB by default.
   */
  readonly maxInFlightBytes?: number | undefined;
  /**
   * The most bytes that all connections hold for incomplete frames, for fragments, and for bytes that were read before a pause.
   * Above that the connection whose frame was begun longest ago ends with status 13. 64 MiB by default.
   */
  readonly maxIncompleteBytes?: number | undefined;
  /**
   * How long a message's handler may take, in ms; a `timeoutMs` given to `onMessage` replaces it. After that the message gets the
   * fallback actions, and later actions of its handler are dropped. Set it below HAProxy's `timeout processing`. 1,000 by
   * default; 0 is no deadline, and lets handlers that never settle use up `maxInFlight`.
   */
  readonly processingTimeoutMs?: number | undefined;
  /** How long a new connection may take until its HAPROXY-HELLO is complete. 10,000 by default; ends with status 2. */
  readonly helloTimeoutMs?: number | undefined;
  /** How long a connection may have no bytes and no NOTIFY in flight. 0 by default; ends with status 2. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * How long a frame, or all fragments of a NOTIFY, may take from the first byte to the last. 10,000 by default; ends with
   * status 2.
   */
  readonly partialFrameTimeoutMs?: number | undefined;
  /** How long a peer may read no byte of its ACKs. 10,000 by default; its connection is destroyed, and reported with status 2. */
  readonly writeTimeoutMs?: number | undefined;
  /**
   * How long the agent waits for the peer to close after its own last frame, and for handlers after the peer has closed its
   * side; 1 or more. 1,000 by default.
   */
  readonly lingerTimeoutMs?: number | undefined;
  /**
   * How long the event loop has to be blocked to be reported as `eventLoopBlocked`; measured while connections are open. 100 by
   * default.
   */
  readonly eventLoopBlockedMs?: number | undefined;
  /**
   * Answers instead of a handler that failed or was too late; it sets its actions synchronously. A `fallback` given to `onMessage`
   * replaces it. Sets no actions by default.
   */
  readonly fallback?: Fallback | undefined;
  /** Functions that are called with events; see {@link Hooks}. */
  readonly hooks?: Hooks | undefined;
  /** The logger of events: a pino logger, `textLogger()`, `console`, or an object like these; none by default. */
  readonly logger?: Logger | undefined;
  /**
   * Tells this agent apart from others of the process: in events, diagnostics channels, log lines, warnings and metrics. None by
   * default.
   */
  readonly name?: string | undefined;
}

/** Options with their defaults filled in. */
export type ResolvedOptions = {
  readonly [Name in keyof Omit<AgentOptions, 'name' | 'logger'>]-?: Exclude<AgentOptions[Name], undefined>;
} & { readonly name: string | undefined; readonly logger: Logger | undefined };

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
  name: undefined,
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
 * @throws {RangeError} when a number is not an integer in its range; {TypeError} for an unknown option, or another value of a
 * wrong type.
 */
export function resolveOptions(options: AgentOptions): ResolvedOptions {
  checkOptions('createAgent()', options, Object.keys(DEFAULTS));
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: ResolvedOptions = { ...DEFAULTS, ...Object.fromEntries(given) };
  for (const option of NUMBERS) {
    checkInteger(option, resolved[option], MINIMUMS[option], option.endsWith('Ms') ? MAX_TIMER_MS : MAX_UINT32);
  }
  const { name } = resolved;
  check(name === undefined || (typeof name === 'string' && name !== ''), 'name to be a non-empty string', name);
  check(typeof resolved.pipelining === 'boolean', 'pipelining to be a boolean', resolved.pipelining);
  checkFunction('fallback', resolved.fallback);
  checkHooks(resolved.hooks);
  checkLogger(resolved.logger);
  return resolved;
}
