import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AckFrame } from '../data/model.ts';
import { quote } from '../data/text.ts';

/** The longest error text in a report, in characters. */
const MAX_ERROR_LENGTH = 500;
/** How many causes of an error are shown. */
const MAX_CAUSES = 2;

/** The event that an agent in this process publishes on a NOTIFY that no handler answered; other values are ignored. */
interface AgentEvent {
  /** The name of the agent, if it has one. */
  readonly agent?: unknown;
  readonly connection: { readonly remote: string | undefined };
  readonly streamId: number;
  readonly messages: readonly string[];
  readonly error?: unknown;
  readonly declared?: readonly string[];
}

/** A conversation that listens for reports on its NOTIFYs. */
export interface ReportListener {
  /** The port that the agent sees as the peer's; undefined without TCP. */
  readonly localPort: number | undefined;
  /** The name of the agent that it talks to; undefined if that is not known. */
  readonly agentName: string | undefined;
  /** Whether a NOTIFY with that stream-id waits for its ACK, and has no report yet. */
  isWaiting(streamId: bigint): boolean;
  report(streamId: bigint, text: string): void;
}

const listeners = new Set<ReportListener>();
/** The conversation whose bytes the agent acts upon: streams in memory deliver them within the context of the write. */
const writer = new AsyncLocalStorage<ReportListener>();
/** The agent's reports on NOTIFYs, by the ACKs that answer them. */
const reports = new WeakMap<AckFrame, string>();

/** The agent's diagnostics channels by name, each with the text of its report. */
const channels: Readonly<Record<string, (event: AgentEvent) => string>> = {
  'spop:handlerError': ({ messages, error }) => `a handler of ${listNames(messages)} threw ${describeThrown(error)}`,
  'spop:handlerTimeout': ({ messages }) =>
    `the handlers of ${listNames(messages)} did not settle within their deadline (timeoutMs of the message, or processingTimeoutMs)`,
  'spop:unhandledNotify': ({ messages, declared = [] }) =>
    `there is no handler for ${listNames(messages)}${declared.length === 0 ? ', nor for any other message' : `; there are handlers for ${listNames(declared)}`}`,
};

const subscribers = Object.entries(channels).map(([name, toText]) => {
  const listener = (event: unknown): void => {
    if (isAgentEvent(event)) tell(event, toText(event));
  };
  return { name, listener };
});

/** Passes the reports of agents in this process to a conversation, until {@link stopListening}. */
export function startListening(listener: ReportListener): void {
  if (listeners.size === 0) for (const each of subscribers) subscribe(each.name, each.listener);
  listeners.add(listener);
}

/** Passes no more reports to a conversation, which need not have listened. */
export function stopListening(listener: ReportListener): void {
  if (!listeners.delete(listener) || listeners.size > 0) return;
  for (const each of subscribers) unsubscribe(each.name, each.listener);
}

/** Writes for a conversation, so that the reports that this causes can be told from those on other conversations. */
export function writeAs(listener: ReportListener, write: () => void): void {
  writer.run(listener, write);
}

/** Stores the report on the NOTIFY that an ACK answers. */
export function noteReport(ack: AckFrame, text: string): void {
  reports.set(ack, text);
}

/** The agent's report on the NOTIFY that this ACK answers; undefined without one, and for ACKs of no conversation. */
export function reportOf(ack: AckFrame): string | undefined {
  return reports.get(ack);
}

/**
 * Passes an event to its conversation. An event has the peer's address, the stream-id, and the name of the agent if it has one:
 * if several conversations fit, none gets it.
 */
function tell(event: AgentEvent, text: string): void {
  const streamId = BigInt(event.streamId);
  const { remote } = event.connection;
  const isAgent = ({ agentName }: ReportListener): boolean => agentName === undefined || agentName === event.agent;
  const candidates = [...listeners].filter(
    (listener) => isPort(remote, listener) && isAgent(listener) && listener.isWaiting(streamId),
  );
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

/** Any thrown value as text. It never throws: an error in a subscriber would end the process. */
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

/** The place where an error was made: the first of its stack that is not within Node. */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  const places = [...(thrown.stack ?? '').matchAll(/^ +at (.+)$/gm)].map(([, place = '']) => place);
  const place = places.find((candidate) => !candidate.includes('node:internal'));
  return place === undefined ? '' : ` at ${place}`;
}
