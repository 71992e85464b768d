import { escapeText } from '@spop/codec';
import { placesOf, textOf } from './error-text.ts';
import { EVENT_LINES, type LogLevel } from './event-lines.ts';
import type { AgentEvents } from './events.ts';
import { LineBudget } from './line-budget.ts';
import { RateLimit } from './rate-limit.ts';
import { watchRejection } from '../thenable.ts';
import { warn } from './warning.ts';

/** One level of a {@link Logger}: takes the details of a line, then its message. */
export type LogFunction = (details: object, message: string) => void;

/** The logger of an agent: a pino logger, `console`, or any object with these four functions. */
export interface Logger {
  /** Takes what is of use only to someone who looks for a fault. */
  readonly debug: LogFunction;
  /** Takes what belongs to normal operation, such as a new connection. */
  readonly info: LogFunction;
  /** Takes what the agent could deal with, such as a late handler. */
  readonly warn: LogFunction;
  /** Takes what somebody has to mend, such as a handler that threw. */
  readonly error: LogFunction;
}

/** The functions of a {@link Logger}, the least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The first 10 events of each kind are logged in every 10 s. The others are counted, and one line gives their number. */
const BURST = 10;
const WINDOW_MS = 10_000;

/** About what a logger adds to a line: its level, the time, names of fields. */
const LINE_OVERHEAD_BYTES = 128;
/** The longest text and stack of an error that a logger is given, in characters. */
const MAX_ERROR_LENGTH = 8_192;
const MAX_ERROR_TEXT = 1_024;
const MAX_PLACES = 10;

/** Logs events, without flooding the logger. */
export class EventLog {
  readonly #logger: Logger;
  readonly #agent: string | undefined;
  readonly #repetition: RateLimit;
  readonly #budget: LineBudget = new LineBudget();
  /** The level of each kind of event, for the line that tells how many were left out. */
  readonly #levels: Map<string, LogLevel> = new Map();

  /** @param agent The name of the agent, for the details of each line. */
  constructor(logger: Logger, agent?: string) {
    this.#logger = logger;
    this.#agent = agent;
    this.#repetition = new RateLimit(BURST, WINDOW_MS, (kind, suppressed) => this.#tellRest(kind, suppressed));
  }

  /**
   * Logs an event, unless too many of its kind, or of all kinds, were just logged.
   *
   * @param get Returns the event's information; called only when the line or its kind needs it.
   */
  report<Name extends keyof AgentEvents>(name: Name, get: () => AgentEvents[Name]): void {
    const { level, variant, details, message } = EVENT_LINES[name];
    try {
      const kind = variant === undefined ? name : `${name}, ${variant(get())}`;
      const levelNow = typeof level === 'string' ? level : level(get());
      this.#levels.set(kind, levelNow);
      if (!this.#repetition.admits(kind)) return;
      if (!this.#budget.hasRoom()) {
        this.#repetition.withhold(kind);
        return;
      }
      const info = get();
      const line = bound(this.#named({ event: name, ...details(info) }));
      const text = message(info);
      const bytes = sizeOf(line, text);
      if (this.#budget.hasRoom(bytes)) this.#write(levelNow, line, text, bytes);
      else this.#repetition.withhold(kind);
    } catch (error) {
      // An error in the event may have getters that throw.
      warnOf(`The event '${name}' could not be logged`, error);
    }
  }

  /** Logs a rare line: a step of the agent's own life, or advice. */
  note(level: LogLevel, details: { readonly event: string }, message: string): void {
    const line = this.#named(details);
    this.#write(level, line, message, sizeOf(line, message));
  }

  /** Logs how many events were left out so far. */
  flush(): void {
    this.#repetition.endWindow();
  }

  /** Logs how many events of a kind were left out; returns false when the budget has no room for the line. */
  #tellRest(kind: string, suppressed: number): boolean {
    const details = this.#named({ event: 'repeated', kind, suppressed, windowMs: WINDOW_MS });
    const message = `${suppressed} more of '${kind}' within ${WINDOW_MS / 1_000} s were not logged`;
    const bytes = sizeOf(details, message);
    if (!this.#budget.hasReservedRoom(bytes)) return false;
    this.#write(this.#levels.get(kind) ?? 'warn', details, message, bytes);
    return true;
  }

  /** The details of a line, with the name of the agent after that of the event. */
  #named<Details extends { readonly event: string }>(details: Details): Details {
    return this.#agent === undefined ? details : Object.assign({ event: '', agent: this.#agent }, details);
  }

  #write(level: LogLevel, details: object, message: string, bytes: number): void {
    this.#budget.spend(bytes);
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

/** @throws {TypeError} when the logger lacks a function; undefined is no logger. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const isObject = typeof logger === 'object' && logger !== null;
  const missing = LOG_LEVELS.filter((level) => !isObject || typeof Reflect.get(logger, level) !== 'function');
  if (missing.length === 0) return;
  throw new TypeError(
    `expected a logger with the functions ${LOG_LEVELS.join(', ')}; found one without ${missing.join(', ')}`,
  );
}

/** The details, with a shorter error instead of a very long one, which may quote what a peer sent. */
function bound(details: { readonly event: string; readonly err?: unknown }): object {
  const { err } = details;
  if (typeof err === 'string') return { ...details, err: escapeText(err, MAX_ERROR_TEXT) };
  if (!(err instanceof Error) || errorLength(err) <= MAX_ERROR_LENGTH) return details;
  const shorter = new Error(escapeText(err.message, MAX_ERROR_TEXT));
  shorter.name = err.name;
  shorter.stack = [String(shorter), ...placesOf(err, MAX_PLACES)].join('\n    at ');
  return { ...details, err: shorter };
}

function errorLength({ message, stack }: Error): number {
  return message.length + (stack?.length ?? 0);
}

/** About how many bytes a line takes, with the stack of its error. */
function sizeOf(details: object & { readonly err?: unknown }, message: string): number {
  const { err, ...rest } = details;
  const errorBytes = err instanceof Error ? Buffer.byteLength(`${err.message}${err.stack ?? ''}`) : 0;
  return LINE_OVERHEAD_BYTES + errorBytes + Buffer.byteLength(JSON.stringify(rest)) + Buffer.byteLength(message);
}
