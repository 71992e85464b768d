/**
 * Agents with real HAProxy in front of them at full HTTP load: wrk on 64 connections. HAProxy asks `check-client-ip` for
 * every request, and turns a wrong or missing score into status 502 and an SPOE error into 503, which wrk counts.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Configuration, haproxyConfig, prefixed, spoeConfig } from '@spop-internal/testbed/haproxy/config';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { freePort } from '@spop-internal/testbed/ports';
import { AgentProcess } from '../load/agent-process.ts';
import type { PeerLane } from './lanes.ts';

/** One agent with one HAProxy in one round; latencies of HTTP requests in microseconds. */
export interface HttpSample {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the agent in microseconds for one request. */
  readonly agentCpu: number;
}

const CONNECTIONS = 64;

/** Whether Debian's `wrk` is installed. */
export async function hasWrk(): Promise<boolean> {
  return promisify(execFile)('wrk', ['-v']).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

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

const UNIT: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

/** Loads HAProxy and reads what wrk prints. @throws {Error} if an answer had another status than 200, or none came. */
async function wrk(port: number, seconds: number): Promise<Omit<HttpSample, 'agentCpu'> & { requests: number }> {
  const args = ['--latency', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`];
  const { stdout } = await promisify(execFile)('wrk', args, { timeout: (seconds + 15) * 1000 });
  const wrong = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
  if (wrong !== undefined) throw new Error(`expected status 200 for each request; found ${wrong}`);
  const latency = (share: string): number => {
    const [, value, unit = 'us'] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? [];
    return Number(value) * (UNIT[unit] ?? 1);
  };
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    p50: latency('50'),
    p99: latency('99'),
  };
}

/** Starts one agent and one HAProxy, loads them for a second to warm up, and measures them. */
export async function measureWithHaproxy(
  { program }: HaproxyRelease,
  lane: PeerLane,
  seconds: number,
): Promise<HttpSample> {
  const agent = await AgentProcess.start(lane.command);
  let haproxy: Haproxy | undefined;
  try {
    const port = await freePort();
    const settings = configuration(port);
    const config = haproxyConfig(settings, `127.0.0.1:${agent.port}`);
    const files = { 'spoe.conf': spoeConfig(settings) };
    haproxy = await Haproxy.start({ program, config, files, entry: { port, host: '127.0.0.1' } });
    await wrk(port, 1);
    const before = agent.cpuSeconds();
    const { requests, ...figures } = await wrk(port, seconds);
    return { ...figures, agentCpu: ((agent.cpuSeconds() - before) / requests) * 1e6 };
  } finally {
    await haproxy?.stop();
    await agent.stop();
  }
}
