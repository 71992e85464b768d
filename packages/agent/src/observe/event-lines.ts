import { escapeText, quoteText, Status } from '@spop/codec';
import { textOf } from './error-text.ts';
import type { AgentEvents, ConnectionInfo } from './events.ts';

/** The level of a line in a log. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How one event is logged. */
interface EventLine<Info> {
  readonly level: LogLevel | ((info: Info) => LogLevel);
  /** The kind of the event, for events whose kinds are rate-limited apart: one of few, whatever peers send. */
  readonly variant?: (info: Info) => string;
  readonly details: (info: Info) => object;
  readonly message: (info: Info) => string;
}

const KNOWN_STATUSES: ReadonlySet<number> = new Set(Object.values(Status));
/** The longest reason, in characters. Reasons of the agent are longer than those of peers, which were cut before. */
const MAX_REASON = 512;
/** The most names of a list that are shown. */
const MAX_NAMES = 16;

/** How each event is logged. `details` and `message` cut and escape text that came from a peer. */
export const EVENT_LINES: { readonly [Name in keyof AgentEvents]: EventLine<AgentEvents[Name]> } = {
  connect: {
    level: 'info',
    details: ({ connection }) => about(connection),
    message: () => 'HAProxy connected',
  },
  disconnect: {
    level: ({ status }) => (status === 0 ? 'info' : 'warn'),
    variant: ({ status }) => (KNOWN_STATUSES.has(status) ? `status ${status}` : 'unknown status'),
    details: ({ connection, status, reason, bytesRead, bytesWritten, frames }) => ({
      ...about(connection),
      status,
      reason: escapeText(reason, MAX_REASON),
      bytesRead,
      bytesWritten,
      frames,
    }),
    message: ({ status, reason }) => `connection ended with status ${status}: ${escapeText(reason, MAX_REASON)}`,
  },
  protocolError: {
    level: 'warn',
    variant: ({ error }) => error.code,
    details: ({ connection, error }) => ({
      ...about(connection),
      code: error.code,
      status: error.status,
      offset: error.offset,
      err: error,
    }),
    message: ({ error }) => `connection closed for the peer's error: ${escapeText(error.message, MAX_REASON)}`,
  },
  handlerError: {
    level: 'error',
    details: ({ connection, error, streamId, messages }) => ({
      ...about(connection),
      streamId,
      messages: shown(messages),
      err: error,
    }),
    message: ({ error, messages }) =>
      `a handler${of(messages)} failed, and its NOTIFY got the fallback: ${textOf(error)}`,
  },
  unhandledNotify: {
    level: 'warn',
    details: ({ connection, streamId, messages, declared }) => ({
      ...about(connection),
      streamId,
      messages: shown(messages),
      declared: shown(declared),
    }),
    message: ({ messages, declared }) => `no handler for ${list(messages)}; there are handlers for ${list(declared)}`,
  },
  handlerTimeout: {
    level: 'warn',
    details: ({ connection, streamId, messages }) => ({ ...about(connection), streamId, messages: shown(messages) }),
    message: ({ messages }) => `a handler${of(messages)} was too late, and its NOTIFY got the fallback`,
  },
  overload: {
    level: 'warn',
    variant: ({ limit }) => limit,
    details: ({ connection, limit, reason }) => ({ ...about(connection), limit, reason }),
    message: ({ reason }) => `at a limit: ${reason}`,
  },
  transportError: {
    level: 'error',
    details: ({ connection, error }) => ({ ...about(connection), err: error }),
    message: ({ error }) => `transport failed: ${textOf(error)}`,
  },
  eventLoopBlocked: {
    level: 'warn',
    details: ({ blockedMs }) => ({ blockedMs }),
    message: ({ blockedMs }) => `the event loop was blocked for ${blockedMs} ms, in which no NOTIFY was answered`,
  },
};

/** Names of messages or arguments for a sentence, quoted. */
export function list(names: readonly string[], none: string = 'no message'): string {
  if (names.length === 0) return none;
  const rest = names.length - MAX_NAMES;
  const quoted = names.slice(0, MAX_NAMES).map((name) => quoteText(name));
  return rest > 0 ? `${quoted.join(', ')} and ${rest} more` : quoted.join(', ');
}

/** Names of messages or arguments for the details of a line. */
export function shown(names: readonly string[]): string[] {
  return names.slice(0, MAX_NAMES).map((name) => escapeText(name));
}

function of(messages: readonly string[]): string {
  return messages.length === 0 ? '' : ` of ${list(messages)}`;
}

function about(connection: ConnectionInfo | undefined): object {
  if (connection === undefined) return {};
  const { id, remote, engineId } = connection;
  return { connection: id, remote, engineId: engineId === undefined ? undefined : escapeText(engineId) };
}
