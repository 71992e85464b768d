import { describe, expect, it } from 'vitest';
import { type AgentMetrics, createAgent, toOpenMetricsText, toPrometheusText } from '../../src/index.ts';

/** A field of the metrics and its value, or an event that was reported seven times. */
type Setting = Partial<AgentMetrics> | { readonly event: string };

/** Each sample of the text, but those of the histogram and by status, and the only number that it shows. */
const SAMPLES: readonly (readonly [sample: string, set: Setting, as?: number])[] = [
  ['connections', { openConnections: 7 }],
  ['notifies_in_flight', { inFlightNotifies: 7 }],
  ['output_buffers', { outputBuffers: 7 }],
  ['event_loop_lag_seconds', { eventLoopLagMs: 7 }, 0.007],
  ['event_loop_lag_max_seconds', { maxEventLoopLagMs: 7 }, 0.007],
  ['event_loop_blocked_total', { event: 'eventLoopBlocked' }],
  ['handshakes_total', { event: 'connect' }],
  ['healthchecks_total', { healthchecks: 7 }],
  ['refused_connections_total', { refusedConnections: 7 }],
  ['protocol_errors_total', { event: 'protocolError' }],
  ['transport_errors_total', { event: 'transportError' }],
  ['overloads_total', { event: 'overload' }],
  ['notifies_total', { notifies: 7 }],
  ['handler_errors_total', { event: 'handlerError' }],
  ['unhandled_notifies_total', { event: 'unhandledNotify' }],
  ['timeouts_total', { event: 'handlerTimeout' }],
  ['late_answers_total', { lateAnswers: 7 }],
  ['oversized_notifies_total', { oversizedNotifies: 7 }],
  ['received_frames_total', { framesRead: 7 }],
  ['received_bytes_total', { bytesRead: 7 }],
  ['sent_bytes_total', { bytesWritten: 7 }],
];

const zero = createAgent().toMetrics();

/** Metrics that are all 0 but one. */
function metricsWith(set: Setting): AgentMetrics {
  return 'event' in set ? { ...zero, events: { ...zero.events, [set.event]: 7 } } : { ...zero, ...set };
}

/** The samples of a text whose value is not 0. */
function samplesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.endsWith(' 0'));
}

const formats = [
  ['Prometheus', toPrometheusText],
  ['OpenMetrics', toOpenMetricsText],
] as const;

describe.each(formats)('the text for %s', (_, toText) => {
  it.each(SAMPLES.map(([sample, set, as = 7]) => [sample, set, as] as const))(
    'shows by %s only its own number',
    (sample, set, as) => {
      expect(samplesOf(toText(metricsWith(set)))).toEqual([`spop_agent_${sample} ${as}`]);
    },
  );

  it('has one sample of each number', () => {
    const names = Object.entries(zero).flatMap(([name, value]) => (typeof value === 'number' ? [name] : []));
    for (const name of names) expect([name, samplesOf(toText({ ...zero, [name]: 7 })).length]).toEqual([name, 1]);
  });

  it('has a sample of each event but ends of connections, which it counts by status', () => {
    const told = Object.keys(zero.events).filter((event) => samplesOf(toText(metricsWith({ event }))).length > 0);
    expect(told).toEqual(Object.keys(zero.events).filter((event) => event !== 'disconnect'));
    expect(samplesOf(toText({ ...zero, disconnects: { 0: 5, 13: 2 } }))).toEqual([
      'spop_agent_disconnects_total{status="0"} 5',
      'spop_agent_disconnects_total{status="13"} 2',
    ]);
  });

  it('has durations in seconds, and counts in le="+Inf" also those above every bucket', () => {
    const latency = {
      ...zero.latency,
      count: 5,
      sumMs: 12_500,
      buckets: [
        { upToMs: 0.016, count: 1 },
        { upToMs: 16_777.216, count: 4 },
      ],
    };
    expect(samplesOf(toText({ ...zero, latency }))).toEqual([
      'spop_agent_notify_duration_seconds_bucket{le="0.000016"} 1',
      'spop_agent_notify_duration_seconds_bucket{le="16.777216"} 4',
      'spop_agent_notify_duration_seconds_bucket{le="+Inf"} 5',
      'spop_agent_notify_duration_seconds_sum 12.5',
      'spop_agent_notify_duration_seconds_count 5',
    ]);
  });

  it('declares a number that only rises as a counter, and any other as a gauge', () => {
    const types = toText(zero)
      .split('\n')
      .flatMap((line) => /^# TYPE spop_agent_(\w+) (\w+)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
    const gauges = ['connections', 'notifies_in_flight', 'output_buffers', 'event_loop_lag_seconds'];
    expect(types.filter((type) => type.endsWith(' gauge'))).toEqual(
      [...gauges, 'event_loop_lag_max_seconds'].map((name) => `${name} gauge`),
    );
    expect(types.filter((type) => type.endsWith(' histogram'))).toEqual(['notify_duration_seconds histogram']);
    expect(types.filter((type) => type.endsWith(' counter'))).toHaveLength(types.length - 6);
  });
});
