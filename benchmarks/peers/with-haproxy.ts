/**
 * Agents with real HAProxy in front of them at full HTTP load: wrk on 64 connections. HAProxy asks `check-client-ip` for
 * every request, and turns a wrong or missing score into status 502 and an SPOE error into 503, which wrk counts.
 */
import { type Configuration, haproxyConfig, prefixed, spoeConfig } from '@spop-internal/testbed/haproxy/config';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { freePort } from '@spop-internal/testbed/ports';
import { type AgentCommand, AgentProcess } from '../load/agent-process.ts';
import { loadHttp } from '../load/wrk.ts';

/** One agent with one HAProxy in one round; latencies of HTTP requests in microseconds. */
export interface HttpSample {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the agent in microseconds for one request. */
  readonly agentCpu: number;
}

const CONNECTIONS = 64;

function configuration(port: number): Configuration {
  return {
    messages: { 'check-client-ip': { args: 'ip=src', event: 'on-frontend-http-request' } },
    agentLines: ['option pipelining'],
    processingTimeout: '2s',
    frontendLines: [
      `bind 127.0.0.1:${port}`,
      'no log',
      `http-request return status 503 if { var(${prefixed('txn.error')}) -m found }`,
      `http-request return status 502 unless { var(${prefixed('sess.ip_score')}) -m int eq 1 }`,
      'http-request return status 200 content-type text/plain string ok',
    ],
  };
}

/** Starts one agent and one HAProxy, loads them for a second to warm up, and measures them. */
export async function measureWithHaproxy(
  { program }: HaproxyRelease,
  command: AgentCommand,
  seconds: number,
): Promise<HttpSample> {
  const agent = await AgentProcess.start(command);
  let haproxy: Haproxy | undefined;
  try {
    const port = await freePort();
    const settings = configuration(port);
    const config = haproxyConfig(settings, `127.0.0.1:${agent.port}`);
    const files = { 'spoe.conf': spoeConfig(settings) };
    haproxy = await Haproxy.start({ program, config, files, entry: { port, host: '127.0.0.1' } });
    await loadHttp('wrk', port, { connections: CONNECTIONS, seconds: 1 });
    const before = agent.cpuSeconds();
    const { requests, ...figures } = await loadHttp('wrk', port, { connections: CONNECTIONS, seconds });
    return { ...figures, agentCpu: ((agent.cpuSeconds() - before) / requests) * 1e6 };
  } finally {
    await haproxy?.stop();
    await agent.stop();
  }
}
