/** What docs/guides/troubleshooting.md says about ids, addresses, unix sockets and figures. */
import { createAgent } from '@spop/agent';
import { address, defineMessage, defineVariable, integer, string } from '@spop/codec';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { freePort } from '@spop-internal/testbed/ports';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import {
  createReportingAgent,
  isSince,
  listenOnPort,
  listenOnUnixSocket,
  startRig,
} from '../../packages/agent/test/e2e/haproxy-rig.ts';

const REQUEST = 'on-frontend-http-request';
const RESPONSE = 'on-http-response';

describeHaproxies('troubleshooting: pairing a response with its request', (release) => {
  it('cannot use the ids: from HAProxy 3.1 on a response has others than its request', async () => {
    const { agent } = createReportingAgent();
    const ids: number[] = [];
    agent.onNotify(({ streamId }) => void ids.push(streamId));
    const messages = { request: { event: REQUEST }, response: { event: RESPONSE } };
    for (const name of Object.keys(messages)) agent.onMessage(defineMessage(name, {}), () => {});
    const { client } = await startRig(release, await listenOnPort(agent), { messages });
    await client.request();
    expect(ids).toHaveLength(2);
    expect(ids[0] === ids[1]).toBe(release.fragments);
  });

  it('cannot use the ids: from HAProxy 3.1 on two connections have the same at once', async () => {
    const { agent } = createReportingAgent();
    const ids: string[] = [];
    const both = Promise.withResolvers<void>();
    agent.onMessage(defineMessage('request', {}), (_, _ack, { engineId, streamId, frameId }) => {
      ids.push(`${engineId} ${streamId} ${frameId}`);
      if (ids.length === 2) both.resolve();
      return both.promise;
    });
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: { request: { event: REQUEST } },
      agentLines: ['no option pipelining'],
    });
    await Promise.all([client.request(), client.request()]);
    expect(ids[0] === ids[1]).toBe(!release.fragments);
  });

  const n = defineVariable('txn', 'n', integer);
  const FORMAT = 'unique-id-format %{+X}o%ci-%cp-%fi-%fp-%Ts-%rt-%pid';

  it.each([
    ['an argument with unique-id', 'uid=unique-id', [FORMAT]],
    ['a variable that the agent has set', 'uid=var(txn.e2e.uid)', []],
  ])('can use %s', async (_, uid, frontendLines) => {
    const { agent } = createReportingAgent();
    const paths = new Map<string, number>();
    const own = defineVariable('txn', 'uid', string);
    agent.onMessage(defineMessage('request', { uid: string, n: integer }), (message, ack) => {
      paths.set(message.uid.toString(), message.n);
      ack.set(own, message.uid.toString());
    });
    agent.onMessage(defineMessage('response', { uid: string }), (message, ack) => {
      const key = message.uid.toString();
      ack.set(n, paths.get(key) ?? -1);
      paths.delete(key);
    });
    // If the agent makes the id, HAProxy has none to send with the request, and sends its number instead.
    const first = frontendLines.length > 0 ? uid : 'uid=url_param(n)';
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: {
        request: { args: `${first} n=url_param(n),add(0)`, event: REQUEST },
        response: { args: uid, event: RESPONSE },
      },
      shown: { 'x-n': 'txn.n' },
      frontendLines,
    });
    const numbers = Array.from({ length: 50 }, (_unused, index) => index);
    const answers = await Promise.all(numbers.map((number) => client.request({ path: `/?n=${number}` })));
    expect(answers.map(({ headers }) => headers['x-n'])).toEqual(numbers.map(String));
    expect(paths.size).toBe(0);
  });
});

describeHaproxies('troubleshooting', (release) => {
  it.each([
    ['::ffff:127.0.0.1 with v4v6', (port: number) => [`bind :::${port} v4v6`], '7 4 127.0.0.1 true'],
    ['127.0.0.1 with v6only', (port: number) => [`bind :::${port} v6only`, `bind :${port}`], '6 4 127.0.0.1 true'],
  ])('sends an IPv4 client as %s', async (_, binds, expected) => {
    const { agent } = createReportingAgent();
    const seen = defineVariable('txn', 'seen', string);
    agent.onMessage(defineMessage('ask', { ip: address }), ({ ip }, ack) => {
      ack.set(seen, `${ip.type} ${ip.family} ${ip.toString()} ${ip.equals('127.0.0.1')}`);
    });
    const port = await freePort();
    await startRig(release, await listenOnPort(agent), {
      messages: { ask: { args: 'ip=src', event: REQUEST } },
      shown: { 'x-seen': 'txn.seen' },
      frontendLines: binds(port),
    });
    const client = stopAfterTest(new HttpClient({ host: '127.0.0.1', port }));
    expect((await client.request()).headers['x-seen']).toBe(expected);
  });

  it('counts NOTIFYs that HAProxy has given up: more than 20 on a connection', async () => {
    const agent = createAgent({ processingTimeoutMs: 60_000 });
    agent.onMessage(defineMessage('ask', {}), () => new Promise<void>(() => {}));
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: { ask: { event: REQUEST } },
      processingTimeout: '25ms',
    });
    const each = (): number => {
      const { inFlightNotifies, openConnections } = agent.toMetrics();
      return inFlightNotifies / Math.max(1, openConnections);
    };
    while (each() <= 20) expect((await client.request()).headers['x-error']).toBe('1');
  });

  // Only root can have a chroot, and `auto` is new in 3.4.
  if (process.getuid?.() !== 0 || !isSince(release, '3.4')) return;

  it('finds no unix socket in chroot auto, and does with chroot /', async () => {
    const { agent } = createReportingAgent();
    agent.onMessage(defineMessage('ask', {}), () => {});
    const agentAddress = await listenOnUnixSocket(agent);
    const messages: Configuration['messages'] = { ask: { event: REQUEST } };
    const inside = await startRig(release, agentAddress, {
      messages,
      globalLines: ['chroot auto'],
      agentBackendLines: ['option spop-check'],
      serverOptions: 'check inter 100ms rise 1 fall 1',
    });
    await inside.haproxy.says(/DOWN, reason: Socket error, info: ".*No such file or directory/);
    expect((await inside.client.request()).headers['x-error']).toBe('257');
    const outside = await startRig(release, agentAddress, { messages, globalLines: ['chroot /'] });
    expect((await outside.client.request()).headers['x-error']).toBeUndefined();
  });
});
