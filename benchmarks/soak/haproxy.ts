/** One HAProxy in front of the agent that is reloaded again and again: a new process takes over, the old one stops softly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Configuration, haproxyConfig, spoeConfig } from '@spop-internal/testbed/haproxy/config';
import { Haproxy, type HaproxyOptions } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';

const OLD_MAY_TAKE_MS = 8_000;

const CONFIGURATION: Configuration = {
  messages: {
    tiny: { args: 'kind=url_param(kind)', event: 'on-frontend-http-request if { url_param(kind) tiny }' },
    // With the body twice, a large body makes a NOTIFY above the frame size. HAProxy 3.0 and older fragment it, later
    // releases let the request pass with error 3.
    ask: {
      args: 'kind=url_param(kind) method=method path=path headers=req.hdrs body=req.body again=req.body',
      event: 'on-frontend-http-request unless { url_param(kind) tiny }',
    },
  },
  agentLines: ['option continue-on-error'],
  frontendLines: ['option http-buffer-request'],
  agentBackendLines: ['option spop-check'],
  serverOptions: 'check inter 500ms',
  shown: { 'x-score': 'txn.score' },
  processingTimeout: '500ms',
};

/** A HAProxy that can be reloaded. */
export class ReloadedHaproxy {
  readonly version: string;
  readonly httpSocket: string;
  reloads: number = 0;
  readonly #options: HaproxyOptions;
  readonly #folder: TemporaryFolder;
  /** All processes that were started; all but the last one were asked to stop. */
  readonly #started: Haproxy[];

  private constructor(version: string, options: HaproxyOptions, folder: TemporaryFolder, first: Haproxy) {
    this.version = version;
    this.httpSocket = first.httpSocket;
    this.#options = options;
    this.#folder = folder;
    this.#started = [first];
  }

  /** Starts the first process and waits until it accepts. */
  static async start({ program, version }: HaproxyRelease, agentPort: number): Promise<ReloadedHaproxy> {
    const folder = await TemporaryFolder.make();
    const config = haproxyConfig(CONFIGURATION, `127.0.0.1:${agentPort}`);
    const options = { program, config, files: { 'spoe.conf': spoeConfig(CONFIGURATION) }, folder };
    return new ReloadedHaproxy(version, options, folder, await Haproxy.start(options));
  }

  /** Starts a new process, and stops the old one softly, by force if that takes more than 8 s. */
  async reload(): Promise<void> {
    const old = this.#started.at(-1);
    this.#started.push(await Haproxy.start(this.#options));
    // The old process accepts on the same path, so that no event shows when the new one has taken over.
    await sleep(150);
    void old?.stop({ signal: 'SIGUSR1', graceMs: OLD_MAY_TAKE_MS });
    this.reloads++;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.stop()));
    await this.#folder.stop();
  }
}
