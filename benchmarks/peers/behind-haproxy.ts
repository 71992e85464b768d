/**
 * Agents behind real HAProxy at full HTTP load: wrk on 64 connections, then on one. HAProxy asks `check-client-ip` for
 * every request and turns a wrong or missing score into status 502, an SPOE error into 503; wrk counts both.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AgentProcess } from '../load/agent-process.ts';
import type { PeerLane } from './lanes.ts';

export interface HaproxyProgram {
  readonly version: string;
  readonly program: string;
}

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

const UNPACK = fileURLToPath(new URL('../../packages/agent/test/haproxy/unpack-haproxy.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/spop-haproxy/', import.meta.url));

/** HAProxy 3.0 and 3.2 from Debian's packages, unpacked beside what the agent's end-to-end tests use. */
export async function findHaproxies(): Promise<HaproxyProgram[]> {
  const programs: HaproxyProgram[] = [];
  for (const suite of ['trixie', 'forky']) {
    const folder = `${CACHE}${suite}-${process.arch}`;
    if (!existsSync(`${folder}/haproxy`)) await promisify(execFile)(UNPACK, [suite, folder], { timeout: 180_000 });
    const { stdout } = await promisify(execFile)(`${folder}/haproxy`, ['-v']);
    programs.push({ version: /(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? suite, program: `${folder}/haproxy` });
  }
  return programs;
}

/** Whether Debian's `wrk` is installed. */
export async function hasWrk(): Promise<boolean> {
  return promisify(execFile)('wrk', ['-v']).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function configuration(port: number, agentPort: number | undefined): { haproxy: string; spoe: string } {
  const asked = agentPort !== undefined;
  const haproxy = `
global
  maxconn 500
defaults
  mode http
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
  return { haproxy, spoe };
}

/** CPU seconds of a process and of its threads. */
function cpuSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]);
  return nanoseconds / 1e9;
}

class RunningHaproxy {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
    process.once('exit', this.#kill);
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  static async start(program: string, agentPort: number | undefined): Promise<RunningHaproxy> {
    const folder = mkdtempSync(`${tmpdir()}/spop-peers-`);
    const port = await freePort();
    const { haproxy, spoe } = configuration(port, agentPort);
    writeFileSync(`${folder}/haproxy.cfg`, haproxy);
    writeFileSync(`${folder}/spoe.conf`, spoe);
    let log = '';
    const child = spawn(program, ['-db', '-f', `${folder}/haproxy.cfg`], {
      env: { ...process.env, RUN_DIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString('latin1')).slice(-4096)));
    const running = new RunningHaproxy(child, port, folder);
    for (let tries = 0; tries < 200; tries++) {
      if (child.exitCode !== null) throw new Error(`HAProxy ended: ${log}`);
      if (await accepts(port)) return running;
      await sleep(20);
    }
    await running.stop();
    throw new Error(`HAProxy does not accept: ${log}`);
  }

  cpuSeconds(): number {
    return cpuSeconds(this.#child.pid ?? 0);
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill);
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
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

async function sample(haproxy: RunningHaproxy, agent: AgentProcess | undefined, seconds: number): Promise<HttpSample> {
  await wrk(haproxy.port, 64, 1);
  const before = { agent: agent?.cpuSeconds() ?? 0, haproxy: haproxy.cpuSeconds() };
  const full = await wrk(haproxy.port, 64, seconds);
  const agentCpu = (((agent?.cpuSeconds() ?? 0) - before.agent) / full.requests) * 1e6;
  const haproxyCpu = ((haproxy.cpuSeconds() - before.haproxy) / full.requests) * 1e6;
  const alone = await wrk(haproxy.port, 1, 1);
  const failed = full.failed + alone.failed;
  const { requestsPerSecond, p50, p99 } = full;
  return { requestsPerSecond, p50, p99, aloneP50: alone.p50, aloneP99: alone.p99, agentCpu, haproxyCpu, failed };
}

/** One HAProxy and one agent, or none, from start to stop. */
export async function measureBehind(
  haproxy: HaproxyProgram,
  lane: PeerLane | undefined,
  seconds: number,
): Promise<HttpSample> {
  const agent = lane === undefined ? undefined : await AgentProcess.start(lane.command);
  try {
    const running = await RunningHaproxy.start(haproxy.program, agent?.port);
    try {
      return await sample(running, agent, seconds);
    } finally {
      await running.stop();
    }
  } finally {
    await agent?.stop();
  }
}
