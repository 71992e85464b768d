/**
 * Agents behind real HAProxy at full HTTP load: wrk on 64 connections, then on one. HAProxy asks `check-client-ip` for
 * every request and turns a wrong or missing score into status 502, an SPOE error into 503; wrk counts both.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Haproxy, type HaproxyOptions } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { freePort } from '@spop-internal/testbed/ports';
import { AgentProcess, cpuSecondsOf } from '../load/agent-process.ts';
import type { PeerLane } from './lanes.ts';

/** One agent behind one HAProxy in one round; latencies in microseconds. */
export interface HttpSample {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** One request at a time. */
  readonly aloneP50: number;
  readonly aloneP99: number;
  /** CPU time of the agent and of HAProxy in microseconds for a request. */
  readonly agentCpu: number;
  readonly haproxyCpu: number;
  /** Requests whose answer is not 200: SPOE errors and wrong scores. */
  readonly failed: number;
}

/** Whether Debian's `wrk` is installed. */
export async function hasWrk(): Promise<boolean> {
  return promisify(execFile)('wrk', ['-v']).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

function configuration(port: number, agentPort: number | undefined): Pick<HaproxyOptions, 'config' | 'files'> {
  const asked = agentPort !== undefined;
  const config = `
global
  maxconn 500
defaults
  mode http
  # HAProxy 3.4 and later would not wait for the agent's answer after the client closes.
  no option abortonclose
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend entry
  bind 127.0.0.1:${port}
  ${asked ? 'filter spoe engine bench config "${RUN_DIR}/spoe.conf"' : ''}
  ${asked ? 'http-request return status 503 if { var(txn.bench.error) -m found }' : ''}
  ${asked ? 'http-request return status 502 unless { var(sess.bench.ip_score) -m int eq 1 }' : ''}
  http-request return status 200 content-type text/plain string ok
${asked ? `backend agents\n  mode tcp\n  timeout server 30s\n  server agent 127.0.0.1:${agentPort}\n` : ''}`;
  const spoe = `
[bench]
spoe-agent bench
  messages check-client-ip
  option var-prefix bench
  option set-on-error error
  option pipelining
  timeout hello 2s
  timeout idle 30s
  timeout processing 2s
  use-backend agents
spoe-message check-client-ip
  args ip=src
  event on-frontend-http-request
`;
  return { config, files: { 'spoe.conf': spoe } };
}

interface WrkResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

const UNIT: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

async function wrk(port: number, connections: number, seconds: number): Promise<WrkResult> {
  const args = ['--latency', '-t1', `-c${connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`];
  const { stdout } = await promisify(execFile)('wrk', args, { timeout: (seconds + 15) * 1000 });
  const latency = (share: string): number => {
    const [, value, unit = 'us'] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? [];
    return Number(value) * (UNIT[unit] ?? 1);
  };
  const sockets =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    p50: latency('50'),
    p99: latency('99'),
    failed:
      Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0) + sockets.reduce((sum, count) => sum + count, 0),
  };
}

async function sample(
  port: number,
  haproxy: Haproxy,
  agent: AgentProcess | undefined,
  seconds: number,
): Promise<HttpSample> {
  await wrk(port, 64, 1);
  const before = { agent: agent?.cpuSeconds() ?? 0, haproxy: cpuSecondsOf(haproxy.pid) };
  const full = await wrk(port, 64, seconds);
  const agentCpu = (((agent?.cpuSeconds() ?? 0) - before.agent) / full.requests) * 1e6;
  const haproxyCpu = ((cpuSecondsOf(haproxy.pid) - before.haproxy) / full.requests) * 1e6;
  const alone = await wrk(port, 1, 1);
  const failed = full.failed + alone.failed;
  const { requestsPerSecond, p50, p99 } = full;
  return { requestsPerSecond, p50, p99, aloneP50: alone.p50, aloneP99: alone.p99, agentCpu, haproxyCpu, failed };
}

/** One HAProxy and one agent, or none, from start to stop. */
export async function measureBehind(
  { program }: HaproxyRelease,
  lane: PeerLane | undefined,
  seconds: number,
): Promise<HttpSample> {
  const agent = lane === undefined ? undefined : await AgentProcess.start(lane.command);
  let haproxy: Haproxy | undefined;
  try {
    const port = await freePort();
    const entry = { port, host: '127.0.0.1' };
    haproxy = await Haproxy.start({ program, ...configuration(port, agent?.port), entry });
    return await sample(port, haproxy, agent, seconds);
  } finally {
    await haproxy?.stop();
    await agent?.stop();
  }
}
