import { check, checkFunction, checkNames, isObject } from '../checks.ts';
import type { SpopError } from '@spop/codec';
import { textOf } from './error-text.ts';
import type { OverloadLimit } from './overload.ts';
import { watchRejection } from '../thenable.ts';
import { warn } from './warning.ts';

/** Which connection an event is about. */
export interface ConnectionInfo {
  /** Counts the agent's connections, from 1 on. */
  readonly id: number;
  /** The peer's address: `127.0.0.1:40112`, or undefined for streams that have none. */
  readonly remote: string | undefined;
  /**
   * Which SPOE engine of which HAProxy process, as it was sent; undefined before the handshake and for health checks. Before
   * it is written anywhere, `escapeText()` of the codec takes out what could forge lines.
   */
  readonly engineId: string | undefined;
}

/** A connection's end. */
export interface DisconnectInfo {
  readonly connection: ConnectionInfo;
  /** Status code of the DISCONNECT that ended it (SPOE.txt §3.5); 0 where HAProxy just closed it, 2 where `graceMs` was over. */
  readonly status: number;
  /** Why: of the peer's message the first 128 characters, with control characters escaped. */
  readonly reason: string;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Whole frames read. */
  readonly frames: number;
}

/** What an agent reports, by name. */
export interface AgentEvents {
  /** A handshake was completed. Health checks are not reported. */
  connect: { readonly connection: ConnectionInfo };
  /** A connection that completed its handshake ended. */
  disconnect: DisconnectInfo;
  /** The peer broke the protocol: it got an AGENT-DISCONNECT with `error.status`, and its connection is closed. */
  protocolError: { readonly connection: ConnectionInfo; readonly error: SpopError };
  /** A handler threw or rejected, and its message got the fallback actions: `messages` has its name, or all of the NOTIFY. */
  handlerError: {
    readonly connection: ConnectionInfo;
    readonly error: unknown;
    readonly streamId: number;
    readonly messages: readonly string[];
  };
  /**
   * A NOTIFY came for which there is no handler, and was acknowledged without actions: `messages` are its messages' names,
   * `declared` those that there are handlers for. Names differ from HAProxy's configuration, or a handler was forgotten.
   */
  unhandledNotify: {
    readonly connection: ConnectionInfo;
    readonly streamId: number;
    readonly messages: readonly string[];
    readonly declared: readonly string[];
  };
  /** Handlers of a NOTIFY did not settle in time, and their messages got the fallback actions: `messages` are their names. */
  handlerTimeout: {
    readonly connection: ConnectionInfo;
    readonly streamId: number;
    readonly messages: readonly string[];
  };
  /** A limit was reached: `limit` is the option's name, or `output`; `reason` says what happened and what to do. */
  overload: {
    readonly connection: ConnectionInfo | undefined;
    readonly limit: OverloadLimit;
    readonly reason: string;
  };
  /** Listening or a connection's transport failed in a way that no other event covers. */
  transportError: { readonly connection: ConnectionInfo | undefined; readonly error: Error };
  /**
   * The event loop came `blockedMs` late to a timer of the agent, at least `eventLoopBlockedMs`: no NOTIFY was answered
   * meanwhile. What blocked it took up to a quarter of `eventLoopBlockedMs` longer.
   */
  eventLoopBlocked: { readonly blockedMs: number };
}

/** Functions to be told of events. One that throws or rejects is reported as a process warning and changes nothing. */
export type Hooks = { readonly [Name in keyof AgentEvents]?: ((info: AgentEvents[Name]) => void) | undefined };

/** Every event once: the compiler misses the one that is forgotten here. */
const EVERY_EVENT: { readonly [Name in keyof AgentEvents]: true } = {
  connect: true,
  disconnect: true,
  protocolError: true,
  handlerError: true,
  unhandledNotify: true,
  handlerTimeout: true,
  overload: true,
  transportError: true,
  eventLoopBlocked: true,
};

/** The names of all events, in the order in which they are documented. */
export const EVENT_NAMES: readonly (keyof AgentEvents)[] = Object.keys(EVERY_EVENT) as (keyof AgentEvents)[];

/** Makes an object that has something for each event. */
export function forEachEvent<Value>(make: (name: keyof AgentEvents) => Value): Record<keyof AgentEvents, Value> {
  return Object.fromEntries(EVENT_NAMES.map((name) => [name, make(name)])) as Record<keyof AgentEvents, Value>;
}

/** @throws {TypeError} where a hook is unknown, or no function. */
export function checkHooks(hooks: unknown): void {
  check(isObject(hooks), 'hooks to be an object of functions', hooks);
  checkNames(`one of the hooks ${EVENT_NAMES.join(', ')}`, hooks, EVENT_NAMES);
  for (const [name, hook] of Object.entries(hooks)) {
    if (hook !== undefined) checkFunction(`the hook ${name}`, hook);
  }
}

/** Calls hooks so that what they throw, or their promises reject with, harms nobody. */
export class HookCaller {
  readonly #hooks: Hooks;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Whether there is a hook of that name. */
  has(name: keyof AgentEvents): boolean {
    return this.#hooks[name] !== undefined;
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    try {
      const result: unknown = this.#hooks[name]?.(info);
      if (result !== undefined) watchRejection(result, name, warnOfHook);
    } catch (error) {
      warnOfHook(name, error);
    }
  }
}

function warnOfHook(name: string, error: unknown): void {
  warn('SPOP_HOOK_THREW', `The hook '${name}' threw: ${textOf(error)}`);
}
