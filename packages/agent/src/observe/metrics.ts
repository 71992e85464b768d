import type { Counters, Traffic } from './counters.ts';
import type { AgentEvents } from './events.ts';
import type { LatencyHistogram } from './latency-histogram.ts';

/** The latencies of NOTIFYs in ms; all 0 before the first. Percentiles are at most 3.2 % or 1 µs too high, and never too low. */
export interface LatencySummary {
  /** NOTIFYs that were measured. */
  readonly count: number;
  /** The sum of all latencies. */
  readonly sumMs: number;
  /** The median: half of the NOTIFYs took at most this long. */
  readonly p50Ms: number;
  /** 90 % of the NOTIFYs took at most this long. */
  readonly p90Ms: number;
  /** 99 % of the NOTIFYs took at most this long. */
  readonly p99Ms: number;
  /** 99.9 % of the NOTIFYs took at most this long. */
  readonly p999Ms: number;
  /** The longest latency since the start. */
  readonly maxMs: number;
  /** How many NOTIFYs took up to `upToMs`; each bucket includes those before it. */
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
}

/** The counters of an agent since its start, and its present gauges. */
export interface AgentMetrics {
  /** The name of the agent, if it was given one. */
  readonly agent: string | undefined;
  /** Open connections, with or without a completed handshake. */
  readonly openConnections: number;
  /** NOTIFYs whose handlers have not settled. */
  readonly inFlightNotifies: number;
  /** Pooled buffers of 256 KiB with bytes that the kernel has not taken. */
  readonly outputBuffers: number;
  /** How late the last tick of the agent's clock was, in ms. */
  readonly eventLoopLagMs: number;
  /** How late the latest tick so far was, in ms. */
  readonly maxEventLoopLagMs: number;
  /** How often each event was reported, by name. */
  readonly events: Readonly<Record<keyof AgentEvents, number>>;
  /** Ends of connections by the status of the DISCONNECT (SPOE.txt §3.5); a status that is not 0 to 99 counts as 99. */
  readonly disconnects: Readonly<Record<number, number>>;
  /** Health checks answered: connections whose HAPROXY-HELLO asked for nothing more (SPOE.txt §3.2.4). */
  readonly healthchecks: number;
  /** Connections refused because of `maxConnections`. */
  readonly refusedConnections: number;
  /** NOTIFYs read, with or without a handler. */
  readonly notifies: number;
  /** Handlers that settled after their NOTIFY was answered or its connection ended. */
  readonly lateAnswers: number;
  /** Fragmented NOTIFYs above `maxReassembledBytes`. */
  readonly oversizedNotifies: number;
  /** Whole frames read. */
  readonly framesRead: number;
  /** Bytes read from all connections, length fields of frames included. */
  readonly bytesRead: number;
  /** Bytes handed to the sockets of all connections. */
  readonly bytesWritten: number;
  /** The time from reading a NOTIFY's bytes until its ACK was handed to the socket. */
  readonly latency: LatencySummary;
}

/** Buckets reach from 2^4 µs (16 µs) to 2^24 µs (16.8 s). */
const MIN_EXPONENT = 4;
const MAX_EXPONENT = 24;

/** The sources of {@link AgentMetrics}. */
export interface MetricSources {
  readonly options: { readonly name: string | undefined };
  readonly counters: Counters;
  readonly eventLoop: { readonly lagMs: number; readonly maxLagMs: number };
  readonly inFlight: { readonly count: number };
  readonly outputPool: { readonly outCount: number };
}

/** The present metrics, as a new object. */
export function toAgentMetrics(sources: MetricSources, connections: ReadonlySet<Traffic>): AgentMetrics {
  const { options, counters, eventLoop, inFlight, outputPool } = sources;
  return {
    agent: options.name,
    openConnections: connections.size,
    inFlightNotifies: inFlight.count,
    outputBuffers: outputPool.outCount,
    eventLoopLagMs: eventLoop.lagMs,
    maxEventLoopLagMs: eventLoop.maxLagMs,
    events: { ...counters.events },
    disconnects: toDisconnects(counters),
    healthchecks: counters.healthchecks,
    refusedConnections: counters.refusedConnections,
    notifies: counters.notifies,
    lateAnswers: counters.lateAnswers,
    oversizedNotifies: counters.tooBig,
    ...toTraffic(counters, connections),
    latency: toLatency(counters.latency),
  };
}

function toDisconnects({ disconnects }: Counters): Record<number, number> {
  return Object.fromEntries([...disconnects.entries()].filter(([, count]) => count > 0));
}

/** The traffic of closed and of open connections. */
function toTraffic(
  counters: Counters,
  connections: ReadonlySet<Traffic>,
): Pick<AgentMetrics, 'framesRead' | 'bytesRead' | 'bytesWritten'> {
  let { framesRead, bytesRead, bytesWritten } = counters;
  for (const connection of connections) {
    framesRead += connection.framesRead;
    bytesRead += connection.bytesRead;
    bytesWritten += connection.output.bytesWritten;
  }
  return { framesRead, bytesRead, bytesWritten };
}

function toLatency(histogram: LatencyHistogram): LatencySummary {
  const { count, sumMs, maxMs } = histogram;
  return {
    count,
    sumMs,
    p50Ms: histogram.percentileMs(0.5),
    p90Ms: histogram.percentileMs(0.9),
    p99Ms: histogram.percentileMs(0.99),
    p999Ms: histogram.percentileMs(0.999),
    maxMs,
    buckets: Array.from({ length: MAX_EXPONENT - MIN_EXPONENT + 1 }, (_, i) => ({
      upToMs: 2 ** (MIN_EXPONENT + i) / 1_000,
      count: histogram.countUpTo(MIN_EXPONENT + i),
    })),
  };
}
