import type { Counters } from './counters.ts';
import type { LogLevel } from './event-lines.ts';
import { EventLog, type Logger } from './event-log.ts';
import { type AgentEvents, HookCaller, type Hooks } from './events.ts';
import { hasSubscribers, publishEvent } from './trace.ts';
import { Unheard } from './unheard.ts';

/** Who wants to hear of events. */
export interface Listeners {
  readonly hooks: Hooks;
  readonly logger: Logger | undefined;
}

/** What is told once, beside the events: advice on the configuration. */
export interface Advice {
  readonly level: LogLevel;
  readonly details: { readonly event: string };
  readonly message: string;
  /** The code of the process warning that stands in for a logger; undefined where it is not worth one. */
  readonly warningCode: string | undefined;
}

/**
 * Tells of events to all who may want to know: counters, log, hooks, and subscribers of diagnostics channels; where there is
 * nobody, and it matters, to the user of the process, by a warning.
 */
export class EventReporter {
  /** Undefined where there is no logger. */
  readonly log: EventLog | undefined;
  readonly #counters: Counters;
  readonly #hooks: HookCaller;
  readonly #unheard: Unheard = new Unheard();

  constructor({ hooks, logger }: Listeners, counters: Counters) {
    this.#counters = counters;
    this.#hooks = new HookCaller(hooks);
    this.log = logger === undefined ? undefined : new EventLog(logger);
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    this.emitLazily(name, () => info);
  }

  /** The same of what takes time to put together: `make` is called at once, once, and only where somebody is told. */
  emitLazily<Name extends keyof AgentEvents>(name: Name, make: () => AgentEvents[Name]): void {
    let made: AgentEvents[Name] | undefined;
    const get = (): AgentEvents[Name] => (made ??= make());
    const isHooked = this.#hooks.has(name);
    const isSubscribed = hasSubscribers(name);
    this.#counters.events[name]++;
    if (this.log !== undefined) this.log.report(name, get);
    else if (!isHooked && !isSubscribed) this.#unheard.report(name, get);
    if (isHooked) this.#hooks.emit(name, get());
    if (isSubscribed) publishEvent(name, get());
  }

  /** Tells what is no event: to the logger, or else by a process warning. */
  advise({ level, details, message, warningCode }: Advice): void {
    if (this.log !== undefined) this.log.note(level, details, message);
    else if (warningCode !== undefined) process.emitWarning(message, { code: warningCode });
  }
}
