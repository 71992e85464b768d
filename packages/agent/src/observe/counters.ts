import { type AgentEvents, forEachEvent } from './events.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** Statuses 0 to 99 (SPOE.txt §3.5); any other status counts as 99. */
const STATUS_COUNT = 100;

/** The frames and bytes that a connection has carried. */
export interface Traffic {
  readonly bytesRead: number;
  readonly framesRead: number;
  readonly output: { readonly bytesWritten: number };
}

/** Counters of an agent since its start, and how long its NOTIFYs took. */
export class Counters {
  /** Events by name, with or without a listener. */
  readonly events: Record<keyof AgentEvents, number> = forEachEvent(() => 0);
  /** Ends of connections by the status of the DISCONNECT. */
  readonly disconnects: Float64Array = new Float64Array(STATUS_COUNT);
  /** Health checks answered. */
  healthchecks: number = 0;
  /** NOTIFYs read, with or without a handler. */
  notifies: number = 0;
  /** NOTIFYs whose handlers returned a promise. */
  asynchronous: number = 0;
  /** Handlers that settled after their NOTIFY was answered or its connection ended. */
  lateAnswers: number = 0;
  /** Fragmented NOTIFYs above maxReassembledBytes. */
  tooBig: number = 0;
  /** Connections refused for maxConnections. */
  refusedConnections: number = 0;
  /** The traffic of closed connections. */
  bytesRead: number = 0;
  bytesWritten: number = 0;
  framesRead: number = 0;
  readonly latency: LatencyHistogram = new LatencyHistogram();
  /** The number of synchronous NOTIFYs up to the end of the last batch. */
  #synchronousBefore: number = 0;

  /** Records `elapsedMs`, from reading a batch to writing its ACKs, for each NOTIFY that was answered in it. */
  recordBatch(elapsedMs: number): void {
    const synchronous = this.notifies - this.asynchronous;
    const count = synchronous - this.#synchronousBefore;
    this.#synchronousBefore = synchronous;
    if (count > 0) this.latency.record(elapsedMs, count);
  }

  countDisconnect(status: number): void {
    // Peers send any status, negative ones included.
    this.disconnects[status >= 0 && status < STATUS_COUNT ? status : STATUS_COUNT - 1]! += 1;
  }

  /** Adds the traffic of a connection that has closed. */
  addTraffic({ bytesRead, framesRead, output }: Traffic): void {
    this.bytesRead += bytesRead;
    this.framesRead += framesRead;
    this.bytesWritten += output.bytesWritten;
  }
}
