import { channel, type Channel } from 'node:diagnostics_channel';
import { type AgentEvents, type ConnectionInfo, forEachEvent } from './events.ts';
import type { NotifyContext } from '../notify-context.ts';

/** How a NOTIFY was answered: `failed` and `timeout` with the fallback actions, `dropped` not at all. */
export type NotifyOutcome = 'answered' | 'failed' | 'timeout' | 'dropped';

/** What the channels `spop:notify:start` and `spop:notify:end` carry: one object per NOTIFY, the same for both. */
export interface NotifyTrace {
  readonly connection: ConnectionInfo;
  /** The NOTIFY; its views are valid until the subscribers of `spop:notify:end` have returned. */
  readonly notify: NotifyContext;
  /** Undefined before its end. */
  outcome: NotifyOutcome | undefined;
  /** What a handler threw or rejected with. */
  error: unknown;
}

/** Before the handlers of a NOTIFY are called, in the same turn. Stores bound to it are entered for the handlers. */
export const notifyStart: Channel = channel('spop:notify:start');

/** When the ACK of a NOTIFY is written, or nobody waits for it any more. */
export const notifyEnd: Channel = channel('spop:notify:end');

const eventChannels: Readonly<Record<keyof AgentEvents, Channel>> = forEachEvent((name) => channel(`spop:${name}`));

/** Whether anybody has subscribed to an event's channel. */
export function hasSubscribers(name: keyof AgentEvents): boolean {
  return eventChannels[name].hasSubscribers;
}

/** Publishes an event to whoever has subscribed to its channel. */
export function publishEvent<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
  eventChannels[name].publish(info);
}

/** Whether anybody wants to hear of NOTIFYs. Two checks of a property where nobody does. */
export function isTracing(): boolean {
  return notifyStart.hasSubscribers || notifyEnd.hasSubscribers;
}

/** Tells subscribers of the end of a NOTIFY. */
export function endTrace(trace: NotifyTrace, outcome: NotifyOutcome): void {
  trace.outcome = outcome;
  notifyEnd.publish(trace);
}
