import { inspect } from 'node:util';
import { escapeText, SpopError } from '@spop/codec';
import { check, checkFunction, checkOptions } from '../checks.ts';
import { placesOf } from './error-text.ts';
import type { LogLevel } from './event-lines.ts';
import { LOG_LEVELS, type LogFunction, type Logger } from './event-log.ts';

/** The longest line, in characters. */
const MAX_LINE = 4_096;
/** The most places of an error's stack that are shown. */
const MAX_PLACES = 5;
/** Values that need no quotation marks. */
const PLAIN = /^[\w.:[\]/@+-]+$/;

/** Options of {@link textLogger}. */
export interface TextLoggerOptions {
  /** The least important level that is written: `'debug'`, `'info'` (default), `'warn'` or `'error'`. */
  readonly level?: LogLevel | undefined;
  /** Takes each line, which has no line end; `console.error` by default, which writes to stderr. */
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * A logger for people and for journald. Each event is one line: a sentence, then its details in parentheses. Control
 * characters and line ends are always escaped, and a line is cut to 4,096 characters.
 *
 *     no handler for "check-ip"; there are handlers for "check-client-ip" (warn event=unhandledNotify connection=1 streamId=3)
 *
 * @throws {TypeError} for an unknown option or level, or a `write` that is not a function.
 */
export function textLogger(options: TextLoggerOptions = {}): Logger {
  checkOptions('textLogger()', options, ['level', 'write']);
  const { level = 'info', write = writeToStderr } = options;
  const lowest = LOG_LEVELS.indexOf(level);
  check(lowest >= 0, `level to be one of ${LOG_LEVELS.join(', ')}`, level);
  checkFunction('write', write);
  const at = (name: LogLevel): LogFunction =>
    LOG_LEVELS.indexOf(name) < lowest ? () => {} : (details, message) => write(toLine(name, details, message));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function writeToStderr(line: string): void {
  console.error(line);
}

function toLine(level: LogLevel, details: object, message: string): string {
  const fields = Object.entries(details).flatMap(([name, value]) => (isIn(message, value) ? [] : toField(name, value)));
  return escapeText(`${message} (${[level, ...fields].join(' ')})`, MAX_LINE);
}

/** Whether the sentence contains the value, a text of several words. */
function isIn(message: string, value: unknown): boolean {
  return typeof value === 'string' && value.includes(' ') && message.includes(value);
}

function toField(name: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (value instanceof Error) {
    // The sentence has the error's message. For a peer's error the place in the agent's code does not matter.
    const isPeers = value instanceof SpopError && value.status !== undefined;
    return isPeers ? [] : placesOf(value, MAX_PLACES).map((place) => `at=${quote(place)}`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [`${name}=${values.map((each) => toWord(each)).join(',')}`];
}

function toWord(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? objectText(value) : String(value);
  return PLAIN.test(text) ? escapeText(text) : quote(text);
}

/** As JSON where that is possible: a logger does not throw. */
function objectText(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return inspect(value, { breakLength: Infinity });
  }
}

/** Quotes a text. Escapes that it has are not escaped again. */
function quote(text: string): string {
  return `"${escapeText(text).replaceAll('"', String.raw`\"`)}"`;
}
