/** What docs/guides/troubleshooting.md says about questions that HAProxy does not ask. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createAgent, type Agent } from '@spop/agent';
import { defineMessage, string } from '@spop/codec';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { proxyLine } from '@spop-internal/testbed/http-client';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it, vi } from 'vitest';
import { listenOnPort, startRig } from '../../packages/agent/test/e2e/haproxy-rig.ts';

const REQUEST = 'on-frontend-http-request';
const page = readFileSync(new URL('troubleshooting.md', import.meta.url), 'utf8');
const SEND = 'tcp-request content send-spoe-group e2e all';

/** With checks, and a line about every NOTIFY in the log. */
const CHECKED: Partial<Configuration> = {
  agentLines: ['no option dontlog-normal'],
  agentBackendLines: ['option spop-check'],
  serverOptions: 'check inter 50ms rise 1 fall 1',
};

/** Waits for two further health checks. @returns The number of NOTIFYs so far. */
async function notifiesAfterChecks(agent: Agent): Promise<number> {
  const enough = agent.toMetrics().healthchecks + 2;
  const patience = { timeout: 15_000 };
  await vi.waitFor(() => expect(agent.toMetrics().healthchecks).toBeGreaterThanOrEqual(enough), patience);
  return agent.toMetrics().notifies;
}

/** HAProxy resets the connections that it has when the test stops it. */
const ignore = (): void => {};

/** A TCP server that answers `hello`. */
async function startSite(): Promise<{ address: string; connected: Promise<unknown> }> {
  const server = createServer((socket) => {
    socket.on('error', ignore).once('data', () => socket.end('hello'));
  }).listen(0, '127.0.0.1');
  stopAfterTest({ stop: () => server.close() });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, connected: once(server, 'connection') };
}

/** A connection from 192.0.2.1 on which `data` is sent at once. */
function connectTo(haproxy: Haproxy, data: string): Socket {
  const socket = connect(haproxy.httpSocket).on('error', ignore);
  stopAfterTest({ stop: () => socket.destroy() });
  socket.write(`${proxyLine('192.0.2.1')}${data}`);
  return socket;
}

describeHaproxies('troubleshooting: nobody asks', (release) => {
  it.each<[string, Configuration, (text: string) => string]>([
    [
      'of a message that no messages line names',
      {
        ...CHECKED,
        messages: { ask: { args: 'path=path', event: REQUEST }, other: { event: `${REQUEST} if { path /other }` } },
      },
      (text) => text.replace('messages ask other', 'messages other'),
    ],
    [
      'of a group that no rule sends',
      { ...CHECKED, messages: { ask: { args: 'path=path' } }, groups: { all: ['ask'] } },
      (text) => text,
    ],
  ])('because %s', async (_, configuration, edit) => {
    const agent = createAgent();
    const { client, haproxy } = await startRig(release, await listenOnPort(agent), configuration, edit);
    const { status, headers } = await client.request();
    expect([status, headers['x-error']]).toEqual([200, undefined]);
    expect(await notifiesAfterChecks(agent)).toBe(0);
    expect(haproxy.log).not.toMatch(/SPOE|spoe/);
  });

  it('because no message is left, and HAProxy warns', async () => {
    const messages = { ask: { args: 'path=path', event: REQUEST } };
    const edit = (text: string): string => text.replace(/^ *messages ask\n/m, '');
    const { haproxy } = await startRig(release, await listenOnPort(createAgent()), { messages }, edit);
    expect(page).toContain(await haproxy.says(/WARNING.*(No message\/group used by SPOE agent)/));
  });

  describe('in TCP mode', () => {
    const GROUP: Configuration = { messages: { ask: { args: 'head=req.payload(0,4)' } }, groups: { all: ['ask'] } };
    const event = 'on-frontend-tcp-request if { req.len gt 0 }';

    it.each<[string, Configuration]>([
      ['an event', { messages: { ask: { args: 'head=req.payload(0,4)', event } } }],
      ['a group without inspect-delay', { ...GROUP, frontendLines: [`${SEND} if { req.len gt 0 }`] }],
    ])('because %s comes before the data', async (_, configuration) => {
      const agent = createAgent();
      const site = await startSite();
      const rest = { ...CHECKED, mode: 'tcp', site: site.address } as const;
      const { haproxy } = await startRig(release, await listenOnPort(agent), { ...configuration, ...rest });
      const socket = connectTo(haproxy, '');
      await site.connected;
      socket.write('data');
      expect(String(await once(socket, 'data'))).toBe('hello');
      expect(await notifiesAfterChecks(agent)).toBe(0);
      expect(haproxy.log).not.toContain('SPOE');
    });

    it('unless the frontend of a group has inspect-delay: then HAProxy asks, with the data', async () => {
      const agent = createAgent();
      const heads: string[] = [];
      agent.onNotify((notify) => {
        const messages = notify.walk();
        while (messages.next() && messages.nextArgument()) heads.push(Buffer.from(messages.value.toBytes()).toString());
      });
      const site = (await startSite()).address;
      const frontendLines = ['tcp-request inspect-delay 5s', `${SEND} if { req.len gt 0 }`];
      const configuration = { ...GROUP, mode: 'tcp', site, frontendLines } as const;
      const { haproxy } = await startRig(release, await listenOnPort(agent), configuration);
      expect(String(await once(connectTo(haproxy, 'data'), 'data'))).toBe('hello');
      expect(heads).toEqual(['data']);
    });

    it('long enough for an answer if a group has neither inspect-delay nor a condition: error 4, or 5 up to 3.0', async () => {
      const site = (await startSite()).address;
      const frontendLines = [SEND, 'log-format "%ci error=%[var(txn.e2e.error)]"'];
      const configuration = { ...GROUP, mode: 'tcp', site, frontendLines } as const;
      const { haproxy } = await startRig(release, await listenOnPort(createAgent()), configuration);
      connectTo(haproxy, 'data');
      expect(await haproxy.says(/192\.0\.2\.1 error=(.*)\n/)).toBe(release.fragments ? '5' : '4');
    });
  });

  describe('about a response', () => {
    const request = { args: 'path=path', event: REQUEST };
    const byEvent: Configuration = { messages: { request, response: { event: 'on-http-response' } } };
    const byGroup: Configuration = {
      messages: { request, response: {} },
      groups: { all: ['response'] },
      frontendLines: ['http-response send-spoe-group e2e all'],
    };

    /** An agent that notes what it was asked, and never answers about `/slow`. */
    function startAgent(): { agent: Agent; asked: string[] } {
      const asked: string[] = [];
      const agent = createAgent();
      agent.onMessage(defineMessage('request', { path: string }), ({ path }) => {
        asked.push(path.toString());
        return path.equals('/slow') ? new Promise<void>(() => {}) : undefined;
      });
      agent.onMessage(defineMessage('response', {}), () => void asked.push('response'));
      return { agent, asked };
    }

    it.each([
      ['an event', byEvent],
      ['a group', byGroup],
    ])('that HAProxy itself made, by %s', async (_, { frontendLines = [], ...rest }) => {
      const { agent, asked } = startAgent();
      const rules = ['http-request return status 200 if { path /returned }', 'http-request deny if { path /denied }'];
      const configuration = { ...rest, frontendLines: [...rules, ...frontendLines] };
      const agentAddress = await listenOnPort(agent);
      const { client } = await startRig(release, agentAddress, configuration);
      for (const path of ['/returned', '/denied', '/']) await client.request({ path });
      expect(asked.splice(0)).toEqual(['/returned', '/denied', '/', 'response']);
      const site = '127.0.0.1:80 disabled';
      const withoutSite = (await startRig(release, agentAddress, { ...configuration, site })).client;
      expect((await withoutSite.request()).status).toBe(503);
      expect(asked).toEqual(['/']);
    });

    it.each([
      ['', ['/slow']],
      ['option continue-on-error', ['/slow', 'response']],
    ])("whose request's NOTIFY had an error, with '%s'", async (line, expected) => {
      const { agent, asked } = startAgent();
      const agentLines = line === '' ? [] : [line];
      const configuration = { ...byEvent, agentLines, processingTimeout: '300ms' };
      const { client } = await startRig(release, await listenOnPort(agent), configuration);
      expect((await client.request({ path: '/slow' })).headers['x-error']).toBe('1');
      expect(asked).toEqual(expected);
    });
  });
});
