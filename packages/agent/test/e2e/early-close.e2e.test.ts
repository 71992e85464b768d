/**
 * Clients that close before the agent answers. With `abortonclose`, HAProxy 3.2 and later abort the NOTIFY and go on with
 * the rules without the agent's variables, so that a request passes that the agent would have denied.
 */
import { connect, type Socket } from 'node:net';
import { defineMessage, defineVariable, string } from '@spop/codec';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { proxyLine } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it, vi } from 'vitest';
import { createReportingAgent, isSince, listenOnPort, startRig } from './haproxy-rig.ts';

const ask = defineMessage('ask', { path: string });
const verdict = defineVariable('txn', 'verdict', string);

/** The action of a client before the agent answers, by the path that it has requested. */
const CLOSES: Readonly<Record<string, (socket: Socket) => void>> = {
  '/half-close': (socket) => void socket.end(),
  '/close': (socket) => void socket.destroy(),
};
const PATHS = Object.keys(CLOSES);
/** Requested by a client that waits for its answer, and not denied. */
const ANOTHER = '/another';

const DENYING: Configuration = {
  messages: { ask: { args: 'path=path', event: 'on-frontend-http-request' } },
  // HAProxy has one thread, so it handles earlier events before a later request.
  globalLines: ['nbthread 1'],
  agentLines: ['no option dontlog-normal'],
  frontendLines: [
    'log-format "REQUEST %HU %ST %ts verdict=%[var(txn.e2e.verdict)] error=%[var(txn.e2e.error)]"',
    'http-request deny if { var(txn.e2e.verdict) -m str deny }',
  ],
};

/** Sends a POST in one piece, so that HAProxy watches for the client's end. */
function post(path: string, haproxy: Haproxy): Socket {
  const socket = connect({ path: haproxy.httpSocket, allowHalfOpen: true });
  stopAfterTest({ stop: () => socket.destroy() });
  // HAProxy may reset the connection.
  socket.on('error', () => {}).resume();
  socket.write(`${proxyLine('192.0.2.1')}POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody`);
  return socket;
}

describeHaproxies('a client that closes while the agent thinks', (release) => {
  /** Sends requests that the agent denies once their clients have closed. */
  async function closeEarly(
    more: Partial<Configuration>,
    rules: readonly string[] = [],
  ): Promise<{
    /** HAProxy's log line of each. */
    logged: string[];
    /** The number of lines that it has logged about their NOTIFYs. */
    spoeLines: number;
    /** The requests that the site has received. */
    seen: readonly string[];
  }> {
    const seen: string[] = [];
    const site = await Origin.start('the site', (request) => {
      if (!request.endsWith(ANOTHER)) seen.push(request);
    });
    stopAfterTest(site);
    const { agent } = createReportingAgent();
    let asked = Promise.withResolvers<void>();
    let closed = Promise.withResolvers<void>();
    agent.onMessage(ask, ({ path }, ack) => {
      if (path.equals(ANOTHER)) return undefined;
      asked.resolve();
      return closed.promise.then(() => void ack.set(verdict, 'deny'));
    });
    const frontendLines = [...(DENYING.frontendLines ?? []), ...rules];
    const configuration = { ...DENYING, site: site.address, ...more, frontendLines };
    const { haproxy, client } = await startRig(release, await listenOnPort(agent), configuration);
    const logged: string[] = [];
    for (const [path, close] of Object.entries(CLOSES)) {
      asked = Promise.withResolvers();
      closed = Promise.withResolvers();
      const socket = post(path, haproxy);
      await asked.promise;
      close(socket);
      await client.request({ path: ANOTHER });
      closed.resolve();
      logged.push(await haproxy.says(new RegExp(`REQUEST ${path} (.*)\n`)));
    }
    const spoeLines = (haproxy.log.match(/SPOE: /g) ?? []).length - PATHS.length;
    return { logged, spoeLines, seen };
  }

  it('is denied, and does not reach the site', async () => {
    const { logged, spoeLines, seen } = await closeEarly({});
    expect(logged).toEqual(PATHS.map(() => '403 PR verdict=deny error=-'));
    expect(spoeLines).toBe(PATHS.length);
    expect(seen).toEqual([]);
  });

  it.each([
    ['with option abortonclose', '3.2', 'option abortonclose'],
    ['by default', '3.4', ''],
  ])('passes %s in HAProxy %s and later, with error 4 and no log line about SPOE', async (_, since, abortOnClose) => {
    const { logged, spoeLines, seen } = await closeEarly({ abortOnClose });
    if (isSince(release, since)) {
      expect(logged).toEqual(PATHS.map(() => '400 CH verdict=- error=4'));
      expect(spoeLines).toBe(0);
      await vi.waitFor(() => expect(seen).toEqual(PATHS.map((path) => `POST ${path}`)), { timeout: 15_000 });
    } else {
      expect(logged).toEqual(PATHS.map(() => '403 PR verdict=deny error=-'));
      expect(seen).toEqual([]);
    }
  });

  it('is denied with option abortonclose too, if a rule denies on error 4', async () => {
    const rules = ['http-request deny if { var(txn.e2e.error) -m int 4 }'];
    const { logged, seen } = await closeEarly({ abortOnClose: 'option abortonclose' }, rules);
    const expected = isSince(release, '3.2') ? '403 PR verdict=- error=4' : '403 PR verdict=deny error=-';
    expect(logged).toEqual(PATHS.map(() => expected));
    expect(seen).toEqual([]);
  });
});
