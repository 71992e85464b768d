/** The agent's report to the watching process, once a second. */
export interface SoakSample {
  /** Seconds since the start. */
  readonly seconds: number;
  /** In MiB; the heap after a garbage collection. */
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  /** Resources that keep the event loop alive: sockets, timers and others. */
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

/** The kinds of work that a soaked agent is asked for, by `kind` of its message. */
export const KINDS = ['tiny', 'realistic', 'async', 'slow', 'throws', 'rejects', 'big'] as const;
