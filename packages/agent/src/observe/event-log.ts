import type { AgentEvents, ConnectionInfo } from './events.ts';
import { RateLimit } from './rate-limit.ts';
import { watchRejection } from '../thenable.ts';
import { textOf, warn } from './warning.ts';

/** One level of a {@link Logger}: first what it is about, then the message. */
export type LogFunction = (details: object, message: string) => void;

/** What the agent logs to: a pino logger as it is, `console`, or any object with these four functions. */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** Of each kind of event so many are logged in a window of this length; the rest is counted, and told in one line. */
const BURST = 10;
const WINDOW_MS = 10_000;

/** A line of the log. */
interface Line {
  readonly level: LogLevel;
  /** What counts as repetition of what. There are few kinds, whatever peers send. */
  readonly kind: string;
  readonly details: object;
  readonly message: string;
}

/** Tells a logger of events, without flooding it. */
export class EventLog {
  readonly #logger: Logger;
  readonly #repetition: RateLimit;
  /** The level of each kind that was logged: that of the line which stands for the rest of it. */
  readonly #levels: Map<string, LogLevel> = new Map();

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#repetition = new RateLimit(BURST, WINDOW_MS, (kind, suppressed) =>
      this.#write(
        this.#levels.get(kind) ?? 'warn',
        { event: 'repeated', kind, suppressed, windowMs: WINDOW_MS },
        `${suppressed} more of '${kind}' within ${WINDOW_MS / 1_000} s were not logged`,
      ),
    );
  }

  /** Logs an event, unless many of its kind were just logged. */
  report<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    let line: Line;
    try {
      line = LINES[name](info);
    } catch (error) {
      // An error that it tells of may have getters that throw.
      warnOf(`The event '${name}' could not be logged`, error);
      return;
    }
    const { level, kind, details, message } = line;
    this.#levels.set(kind, level);
    if (this.#repetition.admits(kind)) this.#write(level, { event: name, ...details }, message);
  }

  /** Logs a step of the agent's own life. */
  note(event: 'listening' | 'closing' | 'closed', details: object): void {
    this.#write('info', { event, ...details }, event === 'listening' ? 'listening for HAProxy' : `agent ${event}`);
  }

  /** Tells what was held back so far. */
  flush(): void {
    this.#repetition.endWindow();
  }

  #write(level: LogLevel, details: object, message: string): void {
    try {
      const result: unknown = this.#logger[level](details, message);
      if (result !== undefined) watchRejection(result, level, warnOfLogger);
    } catch (error) {
      warnOfLogger(level, error);
    }
  }
}

function warnOfLogger(level: LogLevel, error: unknown): void {
  warnOf(`The logger's '${level}' threw`, error);
}

function warnOf(what: string, error: unknown): void {
  warn('SPOP_LOGGER_THREW', `${what}: ${textOf(error)}`);
}

/** How each event is logged. */
const LINES: { readonly [Name in keyof AgentEvents]: (info: AgentEvents[Name]) => Line } = {
  connection: ({ connection }) => ({
    level: 'info',
    kind: 'connection',
    details: about(connection),
    message: 'HAProxy connected',
  }),
  disconnect: ({ connection, status, reason, bytesRead, bytesWritten, frames }) => ({
    level: status === 0 ? 'info' : 'warn',
    kind: status >= 0 && status <= 99 ? `disconnect, status ${status}` : 'disconnect, unknown status',
    details: { ...about(connection), status, reason, bytesRead, bytesWritten, frames },
    message: `connection ended with status ${status}: ${reason}`,
  }),
  protocolError: ({ connection, error }) => ({
    level: 'warn',
    kind: `protocolError, ${error.code}`,
    details: { ...about(connection), code: error.code, status: error.status, offset: error.offset, err: error },
    message: `connection closed for the peer's error: ${error.message}`,
  }),
  handlerError: ({ connection, error, streamId }) => ({
    level: 'error',
    kind: 'handlerError',
    details: { ...about(connection), streamId, err: error },
    message: 'a handler failed; its NOTIFY was acknowledged with the fallback actions',
  }),
  unhandled: ({ connection, streamId, messages, declared }) => ({
    level: 'warn',
    kind: 'unhandled',
    details: { ...about(connection), streamId, messages, declared },
    message: `no handler for ${list(messages)}; there are handlers for ${list(declared)}`,
  }),
  timeout: ({ connection, streamId }) => ({
    level: 'warn',
    kind: 'timeout',
    details: { ...about(connection), streamId },
    message: 'a handler was too late; its NOTIFY was acknowledged with the fallback actions',
  }),
  overload: ({ connection, reason }) => ({
    level: 'warn',
    kind: `overload, ${reason}`,
    details: { ...about(connection), reason },
    message: `at a limit: ${reason}`,
  }),
  transportError: ({ connection, error }) => ({
    level: 'error',
    kind: 'transportError',
    details: { ...about(connection), err: error },
    message: `transport failed: ${error.message}`,
  }),
  eventLoopBlocked: ({ blockedMs }) => ({
    level: 'warn',
    kind: 'eventLoopBlocked',
    details: { blockedMs },
    message: `the event loop was blocked for ${blockedMs} ms, in which no NOTIFY was answered`,
  }),
};

/** @throws {TypeError} where the logger lacks a function; undefined stands for none. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const isObject = typeof logger === 'object' && logger !== null;
  const missing = LOG_LEVELS.filter((level) => !isObject || typeof Reflect.get(logger, level) !== 'function');
  if (missing.length === 0) return;
  throw new TypeError(`expected a logger with the functions ${LOG_LEVELS.join(', ')}; it lacks ${missing.join(', ')}`);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no message' : names.map((name) => JSON.stringify(name)).join(', ');
}

function about(connection: ConnectionInfo | undefined): object {
  if (connection === undefined) return {};
  const { id, remote, engineId } = connection;
  return { connection: id, remote, engineId };
}
