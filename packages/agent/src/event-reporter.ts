import { EventLog } from './event-log.ts';
import { type AgentEvents, HookCaller } from './hooks.ts';
import type { Metrics } from './metrics.ts';
import type { ResolvedOptions } from './options.ts';
import { publishEvent } from './trace.ts';

/** Tells of events to all who may want to know: counters, log, hooks, and subscribers of diagnostics channels. */
export class EventReporter {
  /** Undefined where there is no logger. */
  readonly log: EventLog | undefined;
  readonly #metrics: Metrics;
  readonly #hooks: HookCaller;

  constructor(options: ResolvedOptions, metrics: Metrics) {
    this.#metrics = metrics;
    this.#hooks = new HookCaller(options.hooks);
    this.log = options.logger === undefined ? undefined : new EventLog(options.logger);
  }

  emit<Name extends keyof AgentEvents>(name: Name, info: AgentEvents[Name]): void {
    this.#metrics.events[name]++;
    this.log?.report(name, info);
    this.#hooks.emit(name, info);
    publishEvent(name, info);
  }
}
