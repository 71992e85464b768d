import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AckFrame } from '../data/model.ts';
import { quote } from '../data/text.ts';

/** Characters of an error that a report repeats. */
const MAX_ERROR_LENGTH = 500;
/** How many causes behind an error are told. */
const MAX_CAUSES = 2;

/** What an agent in this process publishes of a NOTIFY that no handler answered; other values are passed over. */
interface AgentEvent {
  readonly connection: { readonly remote: string | undefined };
  readonly streamId: number;
  readonly messages: readonly string[];
  readonly error?: unknown;
  readonly declared?: readonly string[];
}

/** A conversation that wants to hear what became of its NOTIFYs. */
export interface ReportListener {
  /** The port that the agent sees; undefined without TCP. */
  readonly localPort: number | undefined;
  /** Whether a NOTIFY with that stream-id waits for its ACK, and nothing was reported of it. */
  isWaiting(streamId: bigint): boolean;
  report(streamId: bigint, text: string): void;
}

const listeners = new Set<ReportListener>();
/** Whose bytes the agent acts upon: streams in memory hand them over within the context of the write. */
const writer = new AsyncLocalStorage<ReportListener>();
/** What the agent reported of the NOTIFYs that these ACKs answer. */
const reports = new WeakMap<AckFrame, string>();

/** Names of the agent's diagnostics channels, and what each of them tells. */
const channels: Readonly<Record<string, (event: AgentEvent) => string>> = {
  'spop:handlerError': ({ messages, error }) => `a handler of ${listNames(messages)} threw ${describeThrown(error)}`,
  'spop:handlerTimeout': ({ messages }) =>
    `the handlers of ${listNames(messages)} did not settle in processingTimeoutMs`,
  'spop:unhandledNotify': ({ messages, declared = [] }) =>
    `there is no handler for ${listNames(messages)}${declared.length === 0 ? ', nor for any other message' : `; there are handlers for ${listNames(declared)}`}`,
};

const subscribers = Object.entries(channels).map(([name, toText]) => {
  const listener = (event: unknown): void => {
    if (isAgentEvent(event)) tell(event, toText(event));
  };
  return { name, listener };
});

/** Tells a conversation what agents in this process report, until {@link stopListening}. */
export function startListening(listener: ReportListener): void {
  if (listeners.size === 0) for (const each of subscribers) subscribe(each.name, each.listener);
  listeners.add(listener);
}

/** Tells a conversation nothing more; who was never told may be given. */
export function stopListening(listener: ReportListener): void {
  if (!listeners.delete(listener) || listeners.size > 0) return;
  for (const each of subscribers) unsubscribe(each.name, each.listener);
}

/** Writes for a conversation, so that reports on what this causes can be told from those on other conversations. */
export function writeAs(listener: ReportListener, write: () => void): void {
  writer.run(listener, write);
}

/** Notes what was reported of the NOTIFY that an ACK answers. */
export function noteReport(ack: AckFrame, text: string): void {
  reports.set(ack, text);
}

/** What the agent reported of the NOTIFY that this ACK answers; undefined for nothing, and for ACKs of no conversation. */
export function reportOf(ack: AckFrame): string | undefined {
  return reports.get(ack);
}

/** An event names the peer's address and the stream-id, and not the agent: where that leaves several, nobody is told a guess. */
function tell(event: AgentEvent, text: string): void {
  const streamId = BigInt(event.streamId);
  const { remote } = event.connection;
  const candidates = [...listeners].filter((listener) => isPort(remote, listener) && listener.isWaiting(streamId));
  const current = writer.getStore();
  const one =
    candidates.find((candidate) => candidate === current) ?? (candidates.length === 1 ? candidates[0] : undefined);
  one?.report(streamId, text);
}

function isPort(remote: string | undefined, { localPort }: ReportListener): boolean {
  return localPort === undefined
    ? remote === undefined
    : typeof remote === 'string' && remote.endsWith(`:${localPort}`);
}

function isAgentEvent(event: unknown): event is AgentEvent {
  if (typeof event !== 'object' || event === null) return false;
  if (!('connection' in event && 'streamId' in event && 'messages' in event)) return false;
  const { connection, streamId, messages } = event;
  const areNames = isNames(messages) && (!('declared' in event) || isNames(event.declared));
  return typeof connection === 'object' && connection !== null && Number.isSafeInteger(streamId) && areNames;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function listNames(names: readonly string[]): string {
  return names.length === 0 ? 'whole NOTIFYs' : names.map((name) => quote(name)).join(', ');
}

/** What was thrown, whatever it is: what a subscriber throws ends the process. */
function describeThrown(thrown: unknown): string {
  try {
    return `${textOf(thrown)}${placeOf(thrown)}`;
  } catch {
    return `${typeof thrown} without a text`;
  }
}

function textOf(thrown: unknown): string {
  const texts = [String(thrown)];
  let error = thrown;
  while (texts.length <= MAX_CAUSES && error instanceof Error && error.cause !== undefined) {
    error = error.cause;
    texts.push(`(cause: ${String(error)})`);
  }
  const text = texts.join(' ');
  return text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}…` : text;
}

/** Where an error was made: the first place of its stack that is not within Node. */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  const places = [...(thrown.stack ?? '').matchAll(/^ +at (.+)$/gm)].map(([, place = '']) => place);
  const place = places.find((candidate) => !candidate.includes('node:internal'));
  return place === undefined ? '' : ` at ${place}`;
}
