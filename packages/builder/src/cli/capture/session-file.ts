import { summarize } from '../../data/summary.ts';
import { fromHex, toHex } from '../../data/text.ts';
import type { PlainFrame } from '../../data/model.ts';
import type { Side } from '../../validate/connection-state.ts';
import { SESSION_TITLE } from './input-format.ts';

/** The longest summary of a frame in a session file, in characters. */
const MAX_SUMMARY = 400;
const VERSION = 1;
const LINE = /^(\d+(?:\.\d+)?) (\d{1,9}) (?:(open)|close (haproxy|agent)|(haproxy|agent) ((?:[0-9a-f]{2})+))$/;
const WORDS = 'SECONDS CONNECTION open, close SIDE, or SIDE BYTES, where SIDE is haproxy or agent';

/** One event on a recorded connection. */
export type SessionEvent = {
  /** The time since the recording began. */
  readonly seconds: number;
  /** The number of the connection, counted from 1. */
  readonly connection: number;
} & (
  | { readonly kind: 'open' }
  | { readonly kind: 'close'; readonly from: Side }
  /** A whole frame, or bytes that are not a frame. */
  | { readonly kind: 'bytes'; readonly from: Side; readonly bytes: Uint8Array }
);

/** A recording of HAProxy and an agent. */
export interface Session {
  /** Whether texts, bytes and addresses were replaced. */
  readonly isRedacted: boolean;
  readonly events: readonly SessionEvent[];
}

/** The error of a file that is not a session file. */
export class SessionFileError extends Error {
  override readonly name: string = 'SessionFileError';
}

/** The first lines of a session file; `origin` is a line on what was recorded. */
export function sessionHead(origin: string, isRedacted: boolean): string {
  const content = isRedacted
    ? 'Texts, bytes and addresses were replaced; numbers and names were not.'
    : 'It holds what clients sent: addresses, cookies, bodies. Treat it as you treat those.';
  return `${SESSION_TITLE} ${VERSION}${isRedacted ? ' redacted' : ''}
# ${origin}
# ${content}
# Lines with # are for people. The others: ${WORDS}.
`;
}

/** One event as lines of a session file; a frame comes after its summary. */
export function sessionLines(event: SessionEvent, frame?: PlainFrame): string {
  const start = `${event.seconds.toFixed(6)} ${event.connection}`;
  if (event.kind === 'open') return `\n${start} open\n`;
  if (event.kind === 'close') return `${start} close ${event.from}\n`;
  const text = frame === undefined ? 'bytes that are no frame' : summarize(frame);
  // One line, even if names have line breaks.
  const summary = text.length > MAX_SUMMARY ? `${text.slice(0, MAX_SUMMARY)}…` : text;
  return `# ${summary.replaceAll(/\p{Cc}/gu, '.')}\n${start} ${event.from} ${toHex(event.bytes)}\n`;
}

/** Parses a session file. @throws {SessionFileError} with the number of the first wrong line. */
export function parseSession(text: string): Session {
  const lines = text.split(/\r?\n/);
  const title = text.replace(/[\r\n].*/s, '');
  const [, version, redacted] = new RegExp(`^${SESSION_TITLE} (\\d+)( redacted)?$`).exec(title) ?? [];
  if (version !== String(VERSION)) {
    throw new SessionFileError(
      `expected "${SESSION_TITLE} ${VERSION}" in line 1; found ${JSON.stringify(title.slice(0, 60))}`,
    );
  }
  const events: SessionEvent[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const event = parseLine(line);
    if (event === undefined) {
      throw new SessionFileError(`expected ${WORDS} in line ${index + 1}; found ${JSON.stringify(line.slice(0, 60))}`);
    }
    events.push(event);
  }
  return { isRedacted: redacted !== undefined, events };
}

function parseLine(line: string): SessionEvent | undefined {
  const [, seconds, connection, open, closer, speaker, hex] = LINE.exec(line) ?? [];
  if (seconds === undefined || connection === undefined) return undefined;
  const common = { seconds: Number(seconds), connection: Number(connection) };
  if (open !== undefined) return { ...common, kind: 'open' };
  if (hex !== undefined) return { ...common, kind: 'bytes', from: toSide(speaker), bytes: fromHex(hex) };
  return { ...common, kind: 'close', from: toSide(closer) };
}

function toSide(text: string | undefined): Side {
  return text === 'agent' ? 'agent' : 'haproxy';
}
