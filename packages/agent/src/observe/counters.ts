import { type AgentEvents, forEachEvent } from './events.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** DISCONNECTs with a status above the specification's count as its last, 99 (SPOE.txt §3.5). */
const STATUS_COUNT = 100;

/** What a connection has carried. */
export interface Traffic {
  readonly bytesRead: number;
  readonly framesRead: number;
  readonly output: { readonly bytesWritten: number };
}

/** Counters of an agent since its start, and how long its NOTIFYs took. */
export class Counters {
  /** Events by name, whether anybody was told of them or not. */
  readonly events: Record<keyof AgentEvents, number> = forEachEvent(() => 0);
  /** Ends of connections by the status of the DISCONNECT. */
  readonly disconnects: Float64Array = new Float64Array(STATUS_COUNT);
  /** Health checks answered. */
  healthchecks: number = 0;
  /** NOTIFYs read, whether there is a handler for them or not. */
  notifies: number = 0;
  /** Those of them whose handlers returned a promise. */
  asynchronous: number = 0;
  /** Handlers that settled after their NOTIFY was answered or its connection ended. */
  lateAnswers: number = 0;
  /** Fragmented NOTIFYs above the cap. */
  tooBig: number = 0;
  /** Connections refused for maxConnections. */
  refusedConnections: number = 0;
  /** Of connections that have closed. */
  bytesRead: number = 0;
  bytesWritten: number = 0;
  framesRead: number = 0;
  readonly latency: LatencyHistogram = new LatencyHistogram();
  /** How many synchronous NOTIFYs there were up to the last batch. */
  #synchronousBefore: number = 0;

  /** The ACKs of a batch were written `elapsedMs` after it was read, which counts for each NOTIFY that was answered in it. */
  recordBatch(elapsedMs: number): void {
    const synchronous = this.notifies - this.asynchronous;
    const count = synchronous - this.#synchronousBefore;
    this.#synchronousBefore = synchronous;
    if (count > 0) this.latency.record(elapsedMs, count);
  }

  countDisconnect(status: number): void {
    // Peers send what they like: nothing below 0 either.
    this.disconnects[status >= 0 && status < STATUS_COUNT ? status : STATUS_COUNT - 1]! += 1;
  }

  /** Adds what a connection carried that has closed. */
  addTraffic({ bytesRead, framesRead, output }: Traffic): void {
    this.bytesRead += bytesRead;
    this.framesRead += framesRead;
    this.bytesWritten += output.bytesWritten;
  }
}
