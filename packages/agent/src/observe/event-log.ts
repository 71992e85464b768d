import { escapeText } from '@spop/codec';
import { placesOf, textOf } from './error-text.ts';
import { EVENT_LINES, type LogLevel } from './event-lines.ts';
import type { AgentEvents } from './events.ts';
import { LineBudget } from './line-budget.ts';
import { RateLimit } from './rate-limit.ts';
import { watchRejection } from '../thenable.ts';
import { warn } from './warning.ts';

/** One level of a {@link Logger}: first what it is about, then the message. */
export type LogFunction = (details: object, message: string) => void;

/** What the agent logs to: a pino logger as it is, `console`, or any object with these four functions. */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
}

/** The functions of a {@link Logger}, the least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Of each kind of event so many are logged in a window of this length; the rest is counted, and told in one line. */
const BURST = 10;
const WINDOW_MS = 10_000;

/** What a logger adds to a line, about: its level, the time, names of fields. */
const LINE_OVERHEAD_BYTES = 128;
/** The longest text and stack of an error that a logger is given, in characters. */
const MAX_ERROR_LENGTH = 8_192;
const MAX_ERROR_TEXT = 1_024;
const MAX_PLACES = 10;

/** Tells a logger of events, without flooding it. */
export class EventLog {
  readonly #logger: Logger;
  readonly #repetition: RateLimit;
  readonly #budget: LineBudget = new LineBudget();
  /** The level of each kind that came: that of the line which stands for the rest of it. */
  readonly #levels: Map<string, LogLevel> = new Map();

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#repetition = new RateLimit(BURST, WINDOW_MS, (kind, suppressed) => this.#tellRest(kind, suppressed));
  }

  /**
   * Logs an event, unless many of its kind were just logged, or many of all kinds: then no line is made.
   *
   * @param get Gives what the event tells; called only where a line, or its kind, needs it.
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
      const line = bound({ event: name, ...details(info) });
      const text = message(info);
      const bytes = sizeOf(line, text);
      if (this.#budget.hasRoom(bytes)) this.#write(levelNow, line, text, bytes);
      else this.#repetition.withhold(kind);
    } catch (error) {
      // An error that it tells of may have getters that throw.
      warnOf(`The event '${name}' could not be logged`, error);
    }
  }

  /** Logs what is told once, or seldom: a step of the agent's own life, or advice. */
  note(level: LogLevel, details: { readonly event: string }, message: string): void {
    this.#write(level, details, message, sizeOf(details, message));
  }

  /** Tells what was held back so far. */
  flush(): void {
    this.#repetition.endWindow();
  }

  /** Tells how many of a kind were not logged; false where there is no room for that now. */
  #tellRest(kind: string, suppressed: number): boolean {
    const details = { event: 'repeated', kind, suppressed, windowMs: WINDOW_MS };
    const message = `${suppressed} more of '${kind}' within ${WINDOW_MS / 1_000} s were not logged`;
    const bytes = sizeOf(details, message);
    if (!this.#budget.hasReservedRoom(bytes)) return false;
    this.#write(this.#levels.get(kind) ?? 'warn', details, message, bytes);
    return true;
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

/** @throws {TypeError} where the logger lacks a function; undefined stands for none. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const isObject = typeof logger === 'object' && logger !== null;
  const missing = LOG_LEVELS.filter((level) => !isObject || typeof Reflect.get(logger, level) !== 'function');
  if (missing.length === 0) return;
  throw new TypeError(`expected a logger with the functions ${LOG_LEVELS.join(', ')}; it lacks ${missing.join(', ')}`);
}

/** The details with a shorter error in the place of a very long one, which may quote what a peer sent. */
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

/** About how many bytes a line takes; the places of errors are in their stacks. */
function sizeOf(details: object & { readonly err?: unknown }, message: string): number {
  const { err, ...rest } = details;
  const errorBytes = err instanceof Error ? Buffer.byteLength(`${err.message}${err.stack ?? ''}`) : 0;
  return LINE_OVERHEAD_BYTES + errorBytes + Buffer.byteLength(JSON.stringify(rest)) + Buffer.byteLength(message);
}
