import { quoteText } from '@spop/codec';
import { placesOf, textOf } from './error-text.ts';
import { EVENT_LINES } from './event-lines.ts';
import type { AgentEvent, AgentEvents } from './events.ts';
import type { OverloadLimit } from './overload.ts';
import { warn } from './warning.ts';

/** The shortest time between two warnings of the same event, in ms. */
const QUIET_MS = 60_000;

/** The events that leave requests without an answer, with the code of their process warning. */
const CODES: { readonly [Name in keyof AgentEvents]?: string } = {
  protocolError: 'SPOP_PEER_REFUSED',
  handlerError: 'SPOP_HANDLER_FAILED',
  unhandledNotify: 'SPOP_MESSAGE_UNHANDLED',
  handlerTimeout: 'SPOP_NOTIFY_TIMEOUT',
  overload: 'SPOP_PEER_REFUSED',
};

/** The limits at which a peer loses its connection. */
const REFUSING: ReadonlySet<OverloadLimit> = new Set(['maxConnections', 'maxIncompleteBytes']);

/** The last warning of one event. */
interface Warned {
  at: number;
  /** How many of these events have come since. */
  left: number;
}

/**
 * Emits a process warning for an event without a listener that cost a request its answer, or a peer its connection: the first
 * time, and then at most once in 60 s for each event.
 */
export class Unheard {
  readonly #warned: Map<keyof AgentEvents, Warned> = new Map();

  /** @param get Returns the event's information; called only when a warning needs it. */
  report<Name extends keyof AgentEvents>(name: Name, get: () => AgentEvent<Name>): void {
    const code = CODES[name];
    if (code === undefined) return;
    const warned = this.#warned.get(name);
    if (warned !== undefined && performance.now() - warned.at < QUIET_MS) {
      warned.left++;
      return;
    }
    try {
      const info = get();
      if ('limit' in info && !REFUSING.has(info.limit)) return;
      this.#warned.set(name, { at: performance.now(), left: 0 });
      process.emitWarning(toText(name, info, warned?.left ?? 0), { code });
    } catch (error) {
      warn('SPOP_LOGGER_THREW', `The event '${name}' could not be reported: ${textOf(error)}`);
    }
  }
}

/** The text of a warning, with the name of the agent that it is about. */
export function aboutAgent(agent: string | undefined, text: string): string {
  return agent === undefined ? text : `agent ${quoteText(agent)}: ${text}`;
}

function toText<Name extends keyof AgentEvents>(name: Name, info: AgentEvent<Name>, left: number): string {
  const place = name === 'handlerError' && 'error' in info ? placesOf(info.error, 1).map((at) => ` at ${at}`) : [];
  const more = left === 0 ? '' : `; ${left} more since the last of these warnings`;
  const text = `${EVENT_LINES[name].message(info)}${place.join('')}${more}`;
  const advice = `To see every one, give createAgent() a logger, such as textLogger(), or the hook '${name}'`;
  return aboutAgent(info.agent, `${text}. ${advice}`);
}
