/** One HAProxy in front of the agent that is reloaded again and again: a new process takes over, the old one stops softly. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Configuration, haproxyConfig, spoeConfig } from '@spop-internal/testbed/haproxy/config';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
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
export interface ReloadedHaproxy {
  readonly version: string;
  readonly httpSocket: string;
  /** The number of reloads. */
  readonly count: number;
  /** Starts a new process, and stops the old one softly, by force if that takes more than 8 s. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the first process and waits until it accepts. */
export async function startHaproxy({ program, version }: HaproxyRelease, agentPort: number): Promise<ReloadedHaproxy> {
  const folder = await TemporaryFolder.make();
  const config = haproxyConfig(CONFIGURATION, `127.0.0.1:${agentPort}`);
  const start = (): Promise<Haproxy> =>
    Haproxy.start({ program, config, files: { 'spoe.conf': spoeConfig(CONFIGURATION) }, folder });
  // All but the last one were asked to stop.
  const started = [await start()];
  return {
    version,
    httpSocket: folder.file('http.sock'),
    get count() {
      return started.length - 1;
    },
    reload: async () => {
      const old = started.at(-1);
      started.push(await start());
      // The old process accepts on the same path, so that no event shows when the new one has taken over.
      await sleep(150);
      void old?.stop({ signal: 'SIGUSR1', graceMs: OLD_MAY_TAKE_MS });
    },
    stop: async () => {
      await Promise.all(started.map((each) => each.stop()));
      await folder.stop();
    },
  };
}
