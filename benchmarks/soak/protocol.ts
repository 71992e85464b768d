/** What the agent's process tells the one that watches it, once a second. */
export interface SoakSample {
  /** Seconds since the start. */
  readonly seconds: number;
  /** In MiB; the heap after a garbage collection. */
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** What keeps the event loop of the process alive: sockets, timers, and alike. */
  readonly handles: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly outputBuffers: number;
  readonly notifies: number;
  readonly handlerErrors: number;
  readonly timeouts: number;
  readonly lateAnswers: number;
  readonly protocolErrors: number;
  readonly disconnects: number;
  readonly overloads: number;
  readonly p99Ms: number;
  /** Times that the event loop came 100 ms late or more, and the longest, in ms. */
  readonly blocked: number;
  readonly maxLagMs: number;
}

/** What a soaked agent is asked to do, as `kind` of its message says. */
export const KINDS = ['tiny', 'realistic', 'async', 'slow', 'throws', 'rejects', 'big'] as const;
