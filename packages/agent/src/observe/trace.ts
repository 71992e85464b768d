import { channel, type Channel } from 'node:diagnostics_channel';
import { type AgentEvent, type AgentEvents, type ConnectionInfo, forEachEvent } from './events.ts';
import type { NotifyContext } from '../notify-context.ts';

/** How a NOTIFY ended: `failed` and `timeout` with the fallback actions, `dropped` without an ACK. */
export type NotifyOutcome = 'answered' | 'failed' | 'timeout' | 'dropped';

/** The message of the channels `spop:notify:start` and `spop:notify:end`: one object per NOTIFY, the same for both. */
export interface NotifyTrace {
  /** The name of the agent, if it was given one. */
  readonly agent: string | undefined;
  /** The connection that brought the NOTIFY. */
  readonly connection: ConnectionInfo;
  /** The NOTIFY; its views are valid until the subscribers of `spop:notify:end` have returned. */
  readonly notify: NotifyContext;
  /** Undefined before its end. */
  outcome: NotifyOutcome | undefined;
  /** The error that a handler threw or rejected with. */
  error: unknown;
}

/** Published before the handlers of a NOTIFY are called, in the same turn. Handlers run within the stores bound to it. */
export const notifyStart: Channel = channel('spop:notify:start');

/** Published when the ACK of a NOTIFY is written, or the NOTIFY is dropped. */
export const notifyEnd: Channel = channel('spop:notify:end');

const eventChannels: Readonly<Record<keyof AgentEvents, Channel>> = forEachEvent((name) => channel(`spop:${name}`));

/** Whether an event's channel has subscribers. */
export function hasSubscribers(name: keyof AgentEvents): boolean {
  return eventChannels[name].hasSubscribers;
}

/** Publishes an event to the subscribers of its channel. */
export function publishEvent<Name extends keyof AgentEvents>(name: Name, info: AgentEvent<Name>): void {
  eventChannels[name].publish(info);
}

/** Whether a channel of NOTIFYs has subscribers; costs two property reads. */
export function isTracing(): boolean {
  return notifyStart.hasSubscribers || notifyEnd.hasSubscribers;
}

/** Publishes the end of a NOTIFY. */
export function endTrace(trace: NotifyTrace, outcome: NotifyOutcome): void {
  trace.outcome = outcome;
  notifyEnd.publish(trace);
}
