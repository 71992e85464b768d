/** One HAProxy in front of the agent, reloaded again and again: the new process takes over, the old one stops softly. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HaproxyProgram } from '../load/haproxies.ts';
import { type HaproxyFiles, HaproxyProcess, makeRunFolder } from '../load/haproxy-process.ts';

const OLD_MAY_TAKE_MS = 8_000;

function configuration(agentPort: number): HaproxyFiles {
  const haproxy = `
global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend entry
  bind "unix@\${RUN_DIR}/http.sock"
  option http-buffer-request
  filter spoe engine soak config "\${RUN_DIR}/spoe.conf"
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
  readonly #program: HaproxyProgram;
  readonly #folder: string;
  /** All that were started; only the last one was not asked to stop. */
  readonly #processes: HaproxyProcess[] = [];

  constructor(program: HaproxyProgram, agentPort: number) {
    this.version = program.version;
    this.#program = program;
    this.#folder = makeRunFolder(configuration(agentPort));
    this.httpSocket = `${this.#folder}/http.sock`;
    this.#start();
  }

  /** Waits until it accepts. */
  async ready(): Promise<void> {
    await this.#processes.at(-1)?.ready({ path: this.httpSocket });
  }

  /** Starts a new process, and stops the old one softly, by force where that takes too long. */
  async reload(): Promise<void> {
    const old = this.#processes.at(-1);
    this.#start();
    await sleep(150);
    old?.stopSoftly(OLD_MAY_TAKE_MS);
    this.reloads++;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(): void {
    this.#processes.push(new HaproxyProcess(this.#program, this.#folder));
  }
}
