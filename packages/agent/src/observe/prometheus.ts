import type { AgentMetrics } from './metrics.ts';
import { check } from '../checks.ts';
import {
  escapeQuoted,
  escapeText,
  histogramSamples,
  labelText,
  numberText,
  type OwnMetric,
  type Sample,
  samplesOf,
} from './own-metrics.ts';

/** `Content-Type` of {@link toPrometheusText}. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** `Content-Type` of {@link toOpenMetricsText}. */
export const OPEN_METRICS_CONTENT_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

interface Family {
  /** Without the suffix `_total` that counters have. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The last word of the name, if it is a unit. */
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
  readonly samples: (metrics: AgentMetrics) => readonly Sample[];
}

/** Every metric, in the order in which it is written. */
export const FAMILIES: readonly Family[] = [
  gauge('connections', 'Connections that are open.', (m) => m.openConnections),
  gauge('notifies_in_flight', 'NOTIFYs whose handlers have not settled.', (m) => m.inFlightNotifies),
  gauge('output_buffers', 'Pooled buffers with bytes that the kernel has not taken.', (m) => m.outputBuffers),
  gauge('event_loop_lag_seconds', 'How late the last tick of the clock was.', (m) => m.eventLoopLagMs / 1_000),
  gauge('event_loop_lag_max_seconds', 'How late the latest tick was.', (m) => m.maxEventLoopLagMs / 1_000),
  counter('event_loop_blocked', 'Ticks late by eventLoopBlockedMs or more.', (m) => m.events.eventLoopBlocked),
  counter('handshakes', 'Connections that completed their handshake.', (m) => m.events.connect),
  {
    name: 'spop_agent_disconnects',
    type: 'counter',
    help: 'Ends of connections after a handshake, by the status of the DISCONNECT.',
    samples: ({ disconnects }) =>
      Object.entries(disconnects).map(([status, count]): Sample => ['_total', count, { status }]),
  },
  counter('healthchecks', 'Health checks answered.', (m) => m.healthchecks),
  counter('refused_connections', 'Connections above maxConnections.', (m) => m.refusedConnections),
  counter('protocol_errors', 'Connections closed for an error of the peer.', (m) => m.events.protocolError),
  counter('transport_errors', 'Failures of sockets, resets aside.', (m) => m.events.transportError),
  counter('overloads', 'Limits that were reached.', (m) => m.events.overload),
  counter('notifies', 'NOTIFYs read, handled or not.', (m) => m.notifies),
  counter('handler_errors', 'NOTIFYs whose handler threw or rejected.', (m) => m.events.handlerError),
  counter('unhandled_notifies', 'NOTIFYs for which there is no handler.', (m) => m.events.unhandledNotify),
  counter('timeouts', 'NOTIFYs answered at their deadline.', (m) => m.events.handlerTimeout),
  counter(
    'late_answers',
    'Handlers that settled after their message was answered or their connection ended.',
    (m) => m.lateAnswers,
  ),
  counter('oversized_notifies', 'Fragmented NOTIFYs above maxReassembledBytes.', (m) => m.oversizedNotifies),
  counter('received_frames', 'Whole frames read.', (m) => m.framesRead),
  counter('received_bytes', 'Bytes read.', (m) => m.bytesRead, 'bytes'),
  counter('sent_bytes', 'Bytes written.', (m) => m.bytesWritten, 'bytes'),
  {
    name: 'spop_agent_notify_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From when the bytes of a NOTIFY were read until its ACK was handed on.',
    samples: ({ latency: { buckets, sumMs, count } }) =>
      histogramSamples({
        buckets: buckets.map((bucket) => ({ upTo: bucket.upToMs / 1_000, count: bucket.count })),
        sum: sumMs / 1_000,
        count,
      }),
  },
];

/**
 * The metrics of an agent, or of several, in the text format of Prometheus, version 0.0.4, followed by the application's
 * `own`. Those of an agent with a name have the label `agent`. Serve the text as {@link PROMETHEUS_CONTENT_TYPE}.
 *
 * @throws {TypeError} when two agents have one name, or none; when one of the own metrics does not match its type, or its
 * name is taken.
 */
export function toPrometheusText(
  metrics: AgentMetrics | readonly AgentMetrics[],
  own: readonly OwnMetric[] = [],
): string {
  const lines = toWritten(metrics, own).flatMap(({ name, type, help, samples }) => {
    const written = type === 'counter' ? `${name}_total` : name;
    return [`# HELP ${written} ${escapeText(help)}`, `# TYPE ${written} ${type}`, ...sampleLines(name, samples)];
  });
  return `${lines.join('\n')}\n`;
}

/**
 * The metrics in the text format of OpenMetrics 1.0, with the same content as that of {@link toPrometheusText}. Serve the text
 * as {@link OPEN_METRICS_CONTENT_TYPE}.
 *
 * @throws {TypeError} as {@link toPrometheusText}.
 */
export function toOpenMetricsText(
  metrics: AgentMetrics | readonly AgentMetrics[],
  own: readonly OwnMetric[] = [],
): string {
  const lines = toWritten(metrics, own).flatMap(({ name, type, unit, help, samples }) => [
    `# TYPE ${name} ${type === 'untyped' ? 'unknown' : type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeQuoted(help)}`,
    ...sampleLines(name, samples),
  ]);
  return `${lines.join('\n')}\n# EOF\n`;
}

interface Written extends Omit<Family, 'samples' | 'type'> {
  readonly type: OwnMetric['type'];
  readonly samples: readonly Sample[];
}

function toWritten(metrics: AgentMetrics | readonly AgentMetrics[], own: readonly OwnMetric[]): Written[] {
  const agents = 'agent' in metrics ? [metrics] : metrics;
  const names = agents.map(({ agent }) => agent);
  check(
    new Set(names).size === names.length,
    'agents with names of their own, as createAgent({ name }) gives',
    names.join(', '),
  );
  const written: Written[] = FAMILIES.map((family) => ({
    ...family,
    samples: agents.flatMap((each) => family.samples(each).map((sample) => ofAgent(each.agent, sample))),
  }));
  const taken = new Set<string>();
  for (const metric of own) written.push({ ...metric, samples: samplesOf(metric, taken) });
  return written;
}

function ofAgent(agent: string | undefined, [suffix, value, labels]: Sample): Sample {
  return agent === undefined ? [suffix, value, labels] : [suffix, value, { agent, ...labels }];
}

function sampleLines(name: string, samples: readonly Sample[]): string[] {
  return samples.map(([suffix, value, labels = {}]) => `${name}${suffix}${labelText(labels)} ${numberText(value)}`);
}

function gauge(name: string, help: string, value: (metrics: AgentMetrics) => number): Family {
  const family = { name: `spop_agent_${name}`, type: 'gauge', help } as const;
  const samples: Family['samples'] = (metrics) => [['', value(metrics)]];
  return name.endsWith('_seconds') ? { ...family, unit: 'seconds', samples } : { ...family, samples };
}

function counter(name: string, help: string, value: (metrics: AgentMetrics) => number, unit?: 'bytes'): Family {
  const family = { name: `spop_agent_${name}`, type: 'counter', help } as const;
  const samples: Family['samples'] = (metrics) => [['_total', value(metrics)]];
  return unit === undefined ? { ...family, samples } : { ...family, unit, samples };
}
