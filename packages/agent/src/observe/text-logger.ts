import { escapeText } from '@spop/codec';
import { check, checkFunction, checkOptions } from '../checks.ts';
import { placesOf } from './error-text.ts';
import type { LogLevel } from './event-lines.ts';
import { LOG_LEVELS, type LogFunction, type Logger } from './event-log.ts';

/** A line is cut to so many characters. */
const MAX_LINE = 4_096;
/** Of an error so many places of its stack are shown. */
const MAX_PLACES = 5;
/** What needs no quotation marks to be told from what follows. */
const PLAIN = /^[\w.:[\]/@+-]+$/;

/** Options of {@link textLogger}. */
export interface TextLoggerOptions {
  /** The least important level that is written: `'debug'`, `'info'` (default), `'warn'` or `'error'`. */
  readonly level?: LogLevel | undefined;
  /** Takes each line, which has no line end; `console.error` by default, which writes to stderr. */
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * A logger for people and for journald: each event is one line, the sentence first, then its details in parentheses. Control
 * characters, and all that is not of one line, are escaped, whoever they come from; a line is cut to 4,096 characters.
 *
 *     no handler for "check-ip"; there are handlers for "check-client-ip" (warn event=unhandledNotify connection=1 streamId=3)
 *
 * @throws {TypeError} for an unknown option or level, or a `write` that is no function.
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

/** Whether the sentence has this text already, of more than a word. */
function isIn(message: string, value: unknown): boolean {
  return typeof value === 'string' && value.includes(' ') && message.includes(value);
}

function toField(name: string, value: unknown): string[] {
  if (value === undefined) return [];
  if (value instanceof Error) {
    // What it says is in the sentence. Where a peer is at fault, nobody looks for the place in the agent.
    const isPeers = 'status' in value && typeof value.status === 'number';
    return isPeers ? [] : placesOf(value, MAX_PLACES).map((place) => `at=${quote(place)}`);
  }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [`${name}=${values.map((each) => toWord(each)).join(',')}`];
}

function toWord(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return PLAIN.test(text) ? escapeText(text) : quote(text);
}

/** What is escaped already is not escaped again. */
function quote(text: string): string {
  return `"${escapeText(text).replaceAll('"', String.raw`\"`)}"`;
}
