/** One HAProxy in front of the agent, reloaded again and again: the new process takes over, the old one stops softly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Haproxy, type HaproxyOptions } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';

const OLD_MAY_TAKE_MS = 8_000;

function configuration(agentPort: number): Pick<HaproxyOptions, 'config' | 'files'> {
  const config = `
global
  maxconn 200
defaults
  mode http
  # HAProxy 3.4 and later would not wait for the agent's answer where the client closes.
  no option abortonclose
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
  return { config, files: { 'spoe.conf': spoe } };
}

export class ReloadedHaproxy {
  readonly version: string;
  readonly httpSocket: string;
  reloads: number = 0;
  readonly #options: HaproxyOptions;
  readonly #folder: TemporaryFolder;
  /** All that were started; only the last one was not asked to stop. */
  readonly #started: Haproxy[];

  private constructor(version: string, options: HaproxyOptions, folder: TemporaryFolder, first: Haproxy) {
    this.version = version;
    this.httpSocket = first.httpSocket;
    this.#options = options;
    this.#folder = folder;
    this.#started = [first];
  }

  /** Starts the first one and waits until it accepts. */
  static async start({ program, version }: HaproxyRelease, agentPort: number): Promise<ReloadedHaproxy> {
    const folder = await TemporaryFolder.make();
    const options = { program, ...configuration(agentPort), folder };
    return new ReloadedHaproxy(version, options, folder, await Haproxy.start(options));
  }

  /** Starts a new process, and stops the old one softly, by force where that takes too long. */
  async reload(): Promise<void> {
    const old = this.#started.at(-1);
    this.#started.push(await Haproxy.start(this.#options));
    // The old one accepts on the same path: only time tells that the new one has taken it over.
    await sleep(150);
    void old?.stop({ signal: 'SIGUSR1', graceMs: OLD_MAY_TAKE_MS });
    this.reloads++;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.stop()));
    await this.#folder.stop();
  }
}
