import { describe, expect, it } from 'vitest';
import { Counters, type Traffic } from '../../src/observe/counters.ts';
import { EVENT_NAMES } from '../../src/observe/events.ts';
import { type MetricSources, toAgentMetrics } from '../../src/observe/metrics.ts';

function sourcesOf(counters: Counters): MetricSources {
  return {
    counters,
    eventLoop: { lagMs: 1, maxLagMs: 2 },
    options: { name: 'limiter' },
    inFlight: { count: 3 },
    outputPool: { outCount: 4 },
  };
}

function traffic(bytesRead: number, framesRead: number, bytesWritten: number): Traffic {
  return { bytesRead, framesRead, output: { bytesWritten } };
}

describe('toAgentMetrics', () => {
  it('gives each number from its own source', () => {
    const counters = new Counters();
    counters.healthchecks = 5;
    counters.refusedConnections = 6;
    counters.notifies = 7;
    counters.lateAnswers = 8;
    counters.tooBig = 9;
    for (const [i, name] of EVENT_NAMES.entries()) counters.events[name] = 100 + i;
    const metrics = toAgentMetrics(sourcesOf(counters), new Set([traffic(0, 0, 0), traffic(0, 0, 0)]));
    expect(metrics).toMatchObject({
      agent: 'limiter',
      openConnections: 2,
      inFlightNotifies: 3,
      outputBuffers: 4,
      eventLoopLagMs: 1,
      maxEventLoopLagMs: 2,
      healthchecks: 5,
      refusedConnections: 6,
      notifies: 7,
      lateAnswers: 8,
      oversizedNotifies: 9,
    });
    expect(metrics.events).toEqual(Object.fromEntries(EVENT_NAMES.map((name, i) => [name, 100 + i])));
  });

  it('adds the bytes and frames of closed connections to those of open ones', () => {
    const counters = new Counters();
    counters.addTraffic(traffic(1_000, 100, 10));
    counters.addTraffic(traffic(2_000, 200, 20));
    const open = new Set([traffic(30_000, 3_000, 300), traffic(40_000, 4_000, 400)]);
    const { bytesRead, framesRead, bytesWritten } = toAgentMetrics(sourcesOf(counters), open);
    expect({ bytesRead, framesRead, bytesWritten }).toEqual({
      bytesRead: 73_000,
      framesRead: 7_300,
      bytesWritten: 730,
    });
    expect(toAgentMetrics(sourcesOf(counters), new Set())).toMatchObject({ bytesRead: 3_000, bytesWritten: 30 });
  });

  it('counts ends of connections by status, and unknown statuses as 99', () => {
    const counters = new Counters();
    for (const status of [0, 0, 4, 98, 99, 100, -1, 4_294_967_295]) counters.countDisconnect(status);
    expect(toAgentMetrics(sourcesOf(counters), new Set()).disconnects).toEqual({ 0: 2, 4: 1, 98: 1, 99: 4 });
  });

  it('is of this moment: later counts do not change it', () => {
    const counters = new Counters();
    const before = toAgentMetrics(sourcesOf(counters), new Set());
    counters.events.handlerTimeout++;
    counters.countDisconnect(0);
    expect(before.events.handlerTimeout).toBe(0);
    expect(before.disconnects).toEqual({});
  });
});

describe('latency', () => {
  it('has the percentiles of its names', () => {
    const counters = new Counters();
    for (let ms = 1; ms <= 10_000; ms++) counters.latency.record(ms, 1);
    const { latency } = toAgentMetrics(sourcesOf(counters), new Set());
    expect(latency).toMatchObject({ count: 10_000, sumMs: 50_005_000, maxMs: 10_000 });
    // At most 3.2 % too high, and never too low.
    for (const [name, least] of [
      ['p50Ms', 5_000],
      ['p90Ms', 9_000],
      ['p99Ms', 9_900],
      ['p999Ms', 9_990],
    ] as const) {
      expect(latency[name]).toBeGreaterThanOrEqual(least);
      expect(latency[name]).toBeLessThanOrEqual(Math.min(least * 1.032, 10_000));
    }
  });

  it('distinguishes percentiles by the one duration above them', () => {
    const counters = new Counters();
    counters.latency.record(1, 98);
    counters.latency.record(1_000, 2);
    const { latency } = toAgentMetrics(sourcesOf(counters), new Set());
    expect(latency.p90Ms).toBeLessThan(2);
    expect(latency.p99Ms).toBe(1_000);
  });

  it('has buckets from 16 µs to 16.8 s, each twice the one before, and counting all shorter durations', () => {
    const counters = new Counters();
    for (const ms of [0.01, 0.02, 0.02, 1_000, 20_000]) counters.latency.record(ms, 1);
    const { buckets, count } = toAgentMetrics(sourcesOf(counters), new Set()).latency;
    expect(buckets).toHaveLength(21);
    expect(buckets.slice(0, 3)).toEqual([
      { upToMs: 0.016, count: 1 },
      { upToMs: 0.032, count: 3 },
      { upToMs: 0.064, count: 3 },
    ]);
    expect(buckets.slice(-6)).toEqual([
      { upToMs: 524.288, count: 3 },
      { upToMs: 1_048.576, count: 4 },
      { upToMs: 2_097.152, count: 4 },
      { upToMs: 4_194.304, count: 4 },
      { upToMs: 8_388.608, count: 4 },
      { upToMs: 16_777.216, count: 4 },
    ]);
    // The slowest duration is in none of them.
    expect(count).toBe(5);
  });

  it('is recorded once for each synchronous NOTIFY, batch by batch', () => {
    const counters = new Counters();
    counters.notifies = 20;
    counters.recordBatch(performance.now());
    expect(counters.latency.count).toBe(20);
    counters.recordBatch(performance.now());
    expect(counters.latency.count).toBe(20);
    counters.notifies = 50;
    counters.asynchronous = 10;
    counters.recordBatch(performance.now());
    expect(counters.latency.count).toBe(40);
  });
});
