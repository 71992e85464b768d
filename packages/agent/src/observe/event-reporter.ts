import type { Counters } from './counters.ts';
import { EventLog, type Logger } from './event-log.ts';
import { type AgentEvents, HookCaller, type Hooks } from './events.ts';
import { publishEvent } from './trace.ts';

/** Who wants to hear of events. */
export interface Listeners {
  readonly hooks: Hooks;
  readonly logger: Logger | undefined;
}

/** Tells of events to all who may want to know: counters, log, hooks, and subscribers of diagnostics channels. */
export class EventReporter {
  /** Undefined where there is no logger. */
  readonly log: EventLog | undefined;
  readonly #counters: Counters;
  readonly #hooks: HookCaller;

  constructor({ hooks, logger }: Listeners, counters: Counters) {
    this.#counters = counters;
    this.#hooks = new HookCaller(hooks);
    this.log = logger === undefined ? undefined : new EventLog(logger);
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    this.#counters.events[name]++;
    this.log?.report(name, info);
    this.#hooks.emit(name, info);
    publishEvent(name, info);
  }
}
