import { check, checkFunction, checkNames, isObject } from '../checks.ts';
import type { SpopError } from '@spop/codec';
import { textOf } from './error-text.ts';
import type { OverloadLimit } from './overload.ts';
import { watchRejection } from '../thenable.ts';
import { warn } from './warning.ts';

/** The connection that an event is about. */
export interface ConnectionInfo {
  /** The number of the connection; an agent counts them from 1. */
  readonly id: number;
  /** The peer's address, such as `127.0.0.1:40112`; undefined for streams without one. */
  readonly remote: string | undefined;
  /**
   * The engine-id as it was sent, which names an SPOE engine of a HAProxy process; undefined before the handshake and for
   * health checks. Use `escapeText()` of the codec before writing it anywhere: it could forge lines.
   */
  readonly engineId: string | undefined;
}

/** A connection's end. */
export interface DisconnectInfo {
  /** The connection, as in its `connect` event. */
  readonly connection: ConnectionInfo;
  /** Status code of the DISCONNECT (SPOE.txt §3.5); 0 when HAProxy closed without one, 2 when `graceMs` was over. */
  readonly status: number;
  /** The reason; if a peer gave it, the first 128 characters of its message, with control characters escaped. */
  readonly reason: string;
  /** Bytes read from it. */
  readonly bytesRead: number;
  /** Bytes handed to its socket. */
  readonly bytesWritten: number;
  /** Whole frames read. */
  readonly frames: number;
}

/** The events of an agent, by name. Each also has the name of its agent; see {@link AgentEvent}. */
export interface AgentEvents {
  /** A handshake was completed. Health checks are not reported. */
  connect: { readonly connection: ConnectionInfo };
  /** A connection that completed its handshake ended. */
  disconnect: DisconnectInfo;
  /** The peer broke the protocol: it got an AGENT-DISCONNECT with `error.status`, and its connection is closed. */
  protocolError: { readonly connection: ConnectionInfo; readonly error: SpopError };
  /** A handler threw or rejected, and its message got the fallback actions. `messages` has its name, or all names of the NOTIFY. */
  handlerError: {
    readonly connection: ConnectionInfo;
    readonly error: unknown;
    readonly streamId: number;
    readonly messages: readonly string[];
  };
  /**
   * A NOTIFY without a handler came, and was acknowledged without actions. `messages` are its names, `declared` the names
   * that have handlers. Either the names differ from HAProxy's configuration, or a handler is missing.
   */
  unhandledNotify: {
    readonly connection: ConnectionInfo;
    readonly streamId: number;
    readonly messages: readonly string[];
    readonly declared: readonly string[];
  };
  /** Handlers of a NOTIFY did not settle in time, and their messages got the fallback actions. `messages` are their names. */
  handlerTimeout: {
    readonly connection: ConnectionInfo;
    readonly streamId: number;
    readonly messages: readonly string[];
  };
  /** A limit was reached. `limit` is the option's name, or `output`; `reason` says what happened and what to do. */
  overload: {
    readonly connection: ConnectionInfo | undefined;
    readonly limit: OverloadLimit;
    readonly reason: string;
  };
  /** Listening or a connection's transport failed in a way that no other event covers. */
  transportError: { readonly connection: ConnectionInfo | undefined; readonly error: Error };
  /**
   * A timer of the agent fired `blockedMs` late, which is `eventLoopBlockedMs` or more. No NOTIFY was answered meanwhile. The
   * event loop was blocked for up to a quarter of `eventLoopBlockedMs` longer than that.
   */
  eventLoopBlocked: { readonly blockedMs: number };
}

/** An event as hooks and diagnostics channels get it: with the name of its agent, undefined without one. */
export type AgentEvent<Name extends keyof AgentEvents> = AgentEvents[Name] & { readonly agent: string | undefined };

/** Functions that are called with events. One that throws or rejects causes a process warning, and nothing else. */
export type Hooks = { readonly [Name in keyof AgentEvents]?: ((info: AgentEvent<Name>) => void) | undefined };

/** The table of all events; an event that is missing here does not compile. */
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

/** The names of all events, in the order of the documentation. */
export const EVENT_NAMES: readonly (keyof AgentEvents)[] = Object.keys(EVERY_EVENT) as (keyof AgentEvents)[];

/** Makes an object with one value for each event. */
export function forEachEvent<Value>(make: (name: keyof AgentEvents) => Value): Record<keyof AgentEvents, Value> {
  return Object.fromEntries(EVENT_NAMES.map((name) => [name, make(name)])) as Record<keyof AgentEvents, Value>;
}

/** @throws {TypeError} when a hook is unknown or not a function. */
export function checkHooks(hooks: unknown): void {
  check(isObject(hooks), 'hooks to be an object of functions', hooks);
  checkNames(`one of the hooks ${EVENT_NAMES.join(', ')}`, hooks, EVENT_NAMES);
  for (const [name, hook] of Object.entries(hooks)) {
    if (hook !== undefined) checkFunction(`the hook ${name}`, hook);
  }
}

/** Calls hooks. An error that a hook throws or rejects with becomes a process warning. */
export class HookCaller {
  readonly #hooks: Hooks;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Whether there is a hook of that name. */
  has(name: keyof AgentEvents): boolean {
    return this.#hooks[name] !== undefined;
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvent<Name>): void {
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
