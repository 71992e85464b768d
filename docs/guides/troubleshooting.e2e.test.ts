import { readFileSync } from 'node:fs';
import { createAgent, type Agent, type AgentEvents } from '@spop/agent';
import { defineMessage, defineVariable, string } from '@spop/codec';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import { Origin } from '@spop-internal/testbed/origin';
import { freePort } from '@spop-internal/testbed/ports';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { listenOnPort, startRig, type Rig } from '../../packages/agent/test/e2e/haproxy-rig.ts';

const page = readFileSync(new URL('troubleshooting.md', import.meta.url), 'utf8');
const ask = defineMessage('ask', { path: string });
const REQUEST = 'on-frontend-http-request';

const checked: Partial<Configuration> = {
  agentBackendLines: ['option spop-check'],
  serverOptions: 'check inter 100ms rise 1 fall 1',
};

/** For tests that wait until it is over; all other tests have seconds. */
const HASTY: Partial<Configuration> = { processingTimeout: '300ms' };

describeHaproxies('troubleshooting', (release) => {
  const isOld = release.fragments;

  function start(agentAddress: string, more: Partial<Configuration> = {}): Promise<Rig> {
    return startRig(release, agentAddress, {
      messages: { ask: { args: 'path=path', event: REQUEST } },
      shown: { 'x-seen': 'txn.seen' },
      ...more,
    });
  }

  function answering(set: Parameters<Agent['onMessage']>[1], declared = ask): Agent {
    const agent = createAgent();
    agent.onMessage(declared, set);
    return agent;
  }
  const seen = defineVariable('txn', 'seen', string);

  it('reports a message that the agent declares under another name', async () => {
    const unhandled: AgentEvents['unhandledNotify'][] = [];
    const lines: string[] = [];
    const log = (_: object, text: string): void => void lines.push(text);
    const agent = createAgent({
      hooks: { unhandledNotify: (event) => void unhandled.push(event) },
      logger: { debug: log, info: log, warn: log, error: log },
    });
    agent.onMessage(defineMessage('aks', {}), (_, ack) => void ack.set(seen, 'x'));
    const { client, haproxy } = await start(await listenOnPort(agent), {
      agentLines: ['no option dontlog-normal'],
    });
    const { headers } = await client.request();
    expect([headers['x-seen'], headers['x-error']]).toEqual([undefined, undefined]);
    expect(unhandled).toMatchObject([{ messages: ['ask'], declared: ['aks'] }]);
    expect(lines).toContain('no handler for "ask"; there are handlers for "aks"');
    await haproxy.says(/SPOE: \[e2e\] <EVENT:on-frontend-http-request> sid=\d+ st=0 /);
  });

  it('says what the prefix of a variable is', async () => {
    const agent = answering((_, ack) => void ack.set(seen, 'x'));
    const rig = await start(await listenOnPort(agent), {
      frontendLines: ['http-after-response set-header x-whole %[var(txn.e2e.seen)]'],
    });
    expect((await rig.client.request()).headers['x-whole']).toBe('x');
  });

  it('says that the prefix is the name in spoe-agent by default, which then has no hyphen', async () => {
    const address = await listenOnPort(answering((_, ack) => void ack.set(seen, 'x')));
    const configuration: Configuration = {
      messages: { ask: { args: 'path=path', event: REQUEST } },
      frontendLines: ['http-after-response set-header x-whole %[var(txn.other.seen)]'],
    };
    // The engine is called e2e.
    const named = (name: string) => (text: string) =>
      text.replace(/option var-prefix e2e\n/, '').replace('spoe-agent e2e', `spoe-agent ${name}`);
    const { client } = await startRig(release, address, configuration, named('other'));
    expect((await client.request()).headers['x-whole']).toBe('x');
    await expect(startRig(release, address, configuration, named('an-other'))).rejects.toThrow(
      "Invalid variable prefix 'an-other' for SPOE agent 'an-other'",
    );
  });

  it('has the reason if an argument came without its name', async () => {
    const failures: unknown[] = [];
    const agent = createAgent({ hooks: { handlerError: ({ error }) => void failures.push(error) } });
    agent.onMessage(ask, ({ path }, ack) => void ack.set(seen, path));
    const { client } = await start(await listenOnPort(agent), { messages: { ask: { args: 'path', event: REQUEST } } });
    const { headers } = await client.request();
    expect([headers['x-seen'], headers['x-error']]).toEqual([undefined, undefined]);
    expect(failures).toMatchObject([{ code: 'SPOP_MISSING_ARGUMENT' }]);
  });

  it.each([
    ['', undefined],
    ['option force-set-var', 'x'],
  ])("drops a proc variable that the configuration does not name, with '%s'", async (line, expected) => {
    const agent = createAgent();
    agent.onMessage(ask, (_, ack) => void ack.set(defineVariable('proc', 'unnamed', string), 'x'));
    const { haproxy, client } = await start(await listenOnPort(agent), { agentLines: line === '' ? [] : [line] });
    await client.request();
    // The stats socket finds a variable by name at run time.
    const answer = await haproxy.command('get var proc.e2e.unnamed');
    expect(/value=<x>/.test(answer) ? 'x' : undefined).toBe(expected);
  });

  it('has 1 if nobody listens, and 2 or 257 with a check that says why', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    expect((await (await start(address, HASTY)).client.request()).headers['x-error']).toBe('1');
    const { haproxy, client } = await start(address, checked);
    await haproxy.says(/DOWN.*\n/);
    // From 3.4 on the info names the error as well.
    const [reason] =
      /Layer4 connection problem, info: ".*?"/.exec(haproxy.log) ?? expect.unreachable(`no reason in ${haproxy.log}`);
    expect(reason).toContain('Connection refused');
    for (const part of reason.split(', ')) expect(page).toContain(part);
    expect((await client.request()).headers['x-error']).toBe(isOld ? '2' : '257');
  });

  it('says what a check finds on the port of another program', async () => {
    const { haproxy } = await start(stopAfterTest(await Origin.start('hello')).address, checked);
    await haproxy.says(/DOWN.*\n/);
    const reason = 'Layer7 invalid response, info: "invalid frame received"';
    expect(haproxy.log).toContain(reason);
    expect(page).toContain(reason);
  });

  it('says what a check finds if HAProxy speaks TLS and the agent does not', async () => {
    const { haproxy } = await start(await listenOnPort(createAgent()), {
      ...checked,
      serverOptions: `${checked.serverOptions} ssl verify none`,
    });
    expect(page).toContain(await haproxy.says(/DOWN, reason: (Layer6 invalid response)/));
  });

  it('says what a check finds if there is no unix socket', async () => {
    const { haproxy } = await start('unix@${RUN_DIR}/nowhere.sock', checked);
    await haproxy.says(/DOWN, reason: Socket error, info: ".*No such file or directory/);
    expect(page).toContain('`Socket error`, with `No such file or directory`');
  });

  it('has 1 if the handler takes longer than HAProxy waits', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client } = await start(await listenOnPort(answering(() => promise)), HASTY);
    expect((await client.request()).headers['x-error']).toBe('1');
    resolve();
  });

  it.each(['timeout queue 200ms', 'timeout connect 200ms'])(
    'has 257, or 1 up to 3.0, if the queue is full, with %s',
    async (line) => {
      const asked = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const agent = answering(() => {
        asked.resolve();
        return held.promise;
      });
      const { client } = await start(await listenOnPort(agent), {
        ...(isOld ? HASTY : {}),
        agentLines: ['no option pipelining'],
        agentBackendLines: [line],
        serverOptions: 'maxconn 1',
      });
      const first = client.request();
      await asked.promise;
      expect((await client.request()).headers['x-error']).toBe(isOld ? '1' : '257');
      held.resolve();
      await first;
    },
  );

  it('has 3 if a question is larger than a frame, from HAProxy 3.1 on', async () => {
    const agent = answering((_, ack) => void ack.set(seen, 'x'));
    const { client } = await start(await listenOnPort(agent), {
      agentLines: ['max-frame-size 1000'],
    });
    const { headers } = await client.request({ path: `/${'x'.repeat(2_000)}` });
    expect(headers['x-error']).toBe(isOld ? undefined : '3');
  });
});
