import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The result of wrk; latencies of HTTP requests in microseconds. */
export interface WrkResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000 };

/**
 * Loads a port of 127.0.0.1 with wrk, from one thread.
 *
 * @throws {Error} if an answer had another status than 2xx or 3xx, or none came.
 */
export async function loadHttp(
  wrk: string,
  port: number,
  { connections, seconds, script }: { connections: number; seconds: number; script?: string },
): Promise<WrkResult> {
  const options = ['--latency', '-t1', `-c${connections}`, `-d${seconds}s`];
  if (script !== undefined) options.push('-s', script);
  const timeout = (seconds + 15) * 1_000;
  const { stdout } = await promisify(execFile)(wrk, [...options, `http://127.0.0.1:${port}/`], { timeout });
  const wrong = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(stdout)?.[0];
  if (wrong !== undefined) throw new Error(`expected a right answer to each request; found ${wrong}`);
  const latency = (share: number): number => {
    const [, value, unit = 'us'] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? [];
    return Number(value) * (UNITS[unit] ?? 1);
  };
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: latency(50),
    p99: latency(99),
  };
}
