/** One HAProxy in front of the agent, reloaded again and again: the new process takes over, the old one stops softly. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HaproxyProgram } from '../load/haproxies.ts';

const OLD_MAY_TAKE_MS = 8_000;

function configuration(folder: string, agentPort: number): { haproxy: string; spoe: string } {
  const haproxy = `
global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend entry
  bind "unix@${folder}/http.sock"
  option http-buffer-request
  filter spoe engine soak config "${folder}/spoe.conf"
  http-after-response set-header x-error %[var(txn.soak.error)] if { var(txn.soak.error) -m found }
  http-after-response set-header x-score %[var(txn.soak.score)] if { var(txn.soak.score) -m found }
  http-request return status 200 content-type text/plain string ok
backend agents
  mode tcp
  option spop-check
  timeout server 5s
  server agent 127.0.0.1:${agentPort} check inter 500ms
`;
  const spoe = `
[soak]
spoe-agent soak
  messages tiny ask
  option var-prefix soak
  option set-on-error error
  option continue-on-error
  timeout hello 2s
  timeout idle 3s
  timeout processing 500ms
  use-backend agents
spoe-message tiny
  args kind=url_param(kind)
  event on-frontend-http-request if { url_param(kind) tiny }
# The body twice, so that a large one makes a NOTIFY above the frame size: HAProxy 3.0 and older fragment it, later ones
# let the request pass with error 3.
spoe-message ask
  args kind=url_param(kind) method=method path=path headers=req.hdrs body=req.body again=req.body
  event on-frontend-http-request unless { url_param(kind) tiny }
`;
  return { haproxy, spoe };
}

export class ReloadedHaproxy {
  readonly version: string;
  readonly httpSocket: string;
  reloads: number = 0;
  readonly #program: string;
  readonly #folder: string;
  #current: ChildProcess;
  readonly #running: Set<ChildProcess> = new Set();

  constructor({ version, program }: HaproxyProgram, agentPort: number) {
    this.version = version;
    this.#program = program;
    this.#folder = mkdtempSync(`${tmpdir()}/spop-soak-`);
    this.httpSocket = `${this.#folder}/http.sock`;
    const { haproxy, spoe } = configuration(this.#folder, agentPort);
    writeFileSync(`${this.#folder}/haproxy.cfg`, haproxy);
    writeFileSync(`${this.#folder}/spoe.conf`, spoe);
    this.#current = this.#spawn();
  }

  /** Waits until it accepts. */
  async ready(): Promise<void> {
    for (let tries = 0; tries < 250; tries++) {
      if (await accepts(this.httpSocket)) return;
      await sleep(20);
    }
    throw new Error(`HAProxy ${this.version} does not accept`);
  }

  /** Starts a new process, and stops the old one softly (SIGUSR1), by force where that takes too long. */
  async reload(): Promise<void> {
    const old = this.#current;
    this.#current = this.#spawn();
    await sleep(150);
    old.kill('SIGUSR1');
    setTimeout(() => old.kill('SIGKILL'), OLD_MAY_TAKE_MS).unref();
    this.reloads++;
  }

  async stop(): Promise<void> {
    const ended = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) child.kill('SIGKILL');
    await Promise.all(ended);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const child = spawn(this.#program, ['-db', '-f', `${this.#folder}/haproxy.cfg`], { stdio: 'ignore' });
    this.#running.add(child);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => {
      this.#running.delete(child);
      process.off('exit', kill);
    });
    return child;
  }
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
