/** Starts one HAProxy for one test, in a folder of its own and without a port of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { accepts } from './accepts.ts';
import type { HaproxyRelease } from './releases.ts';

const START_TIMEOUT_MS = 5000;
const STOP_TIMEOUT_MS = 2000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** What to start. `${RUN_DIR}` in a configuration is the folder of this run. */
export interface HaproxyOptions {
  readonly release: HaproxyRelease;
  /** The configuration: its text, or the URL of a file that is used as it is. */
  readonly config: string | URL;
  /** More files beside a configuration given as text, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables that the configuration refers to, beside `RUN_DIR`; their values may refer to that too. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A HAProxy that answers on its sockets. It is stopped, and its folder removed, when the test ends. */
export class Haproxy {
  /** Where it accepts HTTP after a PROXY protocol line: `${RUN_DIR}/http.sock`. */
  readonly httpSocket: string;
  readonly #statsSocket: string;
  readonly #child: ChildProcess;
  readonly #log: () => string;

  constructor(child: ChildProcess, runDir: string, log: () => string) {
    this.httpSocket = join(runDir, 'http.sock');
    this.#statsSocket = join(runDir, 'stats.sock');
    this.#child = child;
    this.#log = log;
  }

  /** Everything that it has written to stdout and stderr so far. */
  get log(): string {
    return this.#log();
  }

  /** What it answers to a command on its stats socket, for instance `show stat`. */
  async command(text: string): Promise<string> {
    const socket = connect(this.#statsSocket);
    socket.setEncoding('utf8').end(`${text}\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer;
  }

  /** Ends the process, by force where it does not go by itself. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(force);
  }
}

async function ready(child: ChildProcess, socketPath: string, log: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await accepts({ path: socketPath }))) {
    if (child.exitCode !== null) throw new Error(`HAProxy ended with exit code ${child.exitCode}:\n${log()}`);
    if (Date.now() > deadline) throw new Error(`HAProxy does not accept on ${socketPath}:\n${log()}`);
    await sleep(10);
  }
}

/** Starts a HAProxy, in the foreground, and waits until it accepts on {@link Haproxy.httpSocket}. Call it in a test. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const runDir = await mkdtemp(join(tmpdir(), 'spop-e2e-'));
  onTestFinished(() => rm(runDir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(runDir, name), text);
  let config = options.config;
  if (typeof config === 'string') {
    await writeFile(join(runDir, 'haproxy.cfg'), config);
    config = new URL(`file://${runDir}/haproxy.cfg`);
  }

  const env: NodeJS.ProcessEnv = { ...process.env, RUN_DIR: runDir };
  for (const [name, value] of Object.entries(options.env ?? {})) env[name] = value.replaceAll('${RUN_DIR}', runDir);
  const child = spawn(options.release.program, ['-db', '-f', config.pathname], {
    cwd: new URL('.', config),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let log = '';
  const collect = (chunk: Buffer): void => void (log += chunk.toString('latin1'));
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);

  const haproxy = new Haproxy(child, runDir, () => log);
  onTestFinished(() => haproxy.stop());
  await ready(child, haproxy.httpSocket, () => log);
  return haproxy;
}
