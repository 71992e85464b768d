import type { Counters } from './counters.ts';
import type { LogLevel } from './event-lines.ts';
import { EventLog, type Logger } from './event-log.ts';
import { type AgentEvent, type AgentEvents, HookCaller, type Hooks } from './events.ts';
import { hasSubscribers, publishEvent } from './trace.ts';
import { aboutAgent, Unheard } from './unheard.ts';

/** An agent's options about its events; see the options of the same names. */
export interface Listeners {
  readonly name?: string | undefined;
  readonly hooks: Hooks;
  readonly logger: Logger | undefined;
}

/** Advice on the configuration, which is given once. */
export interface Advice {
  readonly level: LogLevel;
  readonly details: { readonly event: string };
  readonly message: string;
  /** The code of the process warning that replaces a missing logger; undefined for no warning. */
  readonly warningCode: string | undefined;
}

/**
 * Reports events to counters, the log, hooks, and subscribers of diagnostics channels. An event that cost a request its
 * answer and that has no listener becomes a process warning.
 */
export class EventReporter {
  /** Undefined without a logger. */
  readonly log: EventLog | undefined;
  /** The name of the agent. */
  readonly agent: string | undefined;
  readonly #counters: Counters;
  readonly #hooks: HookCaller;
  readonly #unheard: Unheard = new Unheard();

  constructor({ name, hooks, logger }: Listeners, counters: Counters) {
    this.agent = name;
    this.#counters = counters;
    this.#hooks = new HookCaller(hooks);
    this.log = logger === undefined ? undefined : new EventLog(logger, name);
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    this.emitLazily(name, () => info);
  }

  /** As `emit`, for information that takes time to make: `make` is called at most once, at once, and only for a listener. */
  emitLazily<Name extends keyof AgentEvents>(name: Name, make: () => AgentEvents[Name]): void {
    let made: AgentEvent<Name> | undefined;
    const get = (): AgentEvent<Name> => (made ??= { agent: this.agent, ...make() });
    const isHooked = this.#hooks.has(name);
    const isSubscribed = hasSubscribers(name);
    this.#counters.events[name]++;
    if (this.log !== undefined) this.log.report(name, get);
    else if (!isHooked && !isSubscribed) this.#unheard.report(name, get);
    if (isHooked) this.#hooks.emit(name, get());
    if (isSubscribed) publishEvent(name, get());
  }

  /** Gives advice to the logger; without one, as a process warning. */
  advise({ level, details, message, warningCode }: Advice): void {
    if (this.log !== undefined) this.log.note(level, details, message);
    else if (warningCode !== undefined) process.emitWarning(aboutAgent(this.agent, message), { code: warningCode });
  }
}
