import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { data } from '@spop/builder';
import { promisify } from 'node:util';
import { freePort } from '@spop-internal/testbed/ports';
import { Store } from '@spop-internal/testbed/store';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { Redis } from 'iovalkey';
import { expect, it, onTestFinished } from 'vitest';
import { StoreNode } from './store-node.ts';
import { ask, metric, startPair } from './testing.ts';

const CLIENT = { ip_src: data.address('192.0.2.7') };
const BY_STORE = { rate_source: 'store' };
/** Long deadlines, since this machine may have other work. */
const PATIENT = { VALKEY_DEADLINE_MS: '2000' };

function clientOf({ port }: Store): Redis {
  const client = new Redis({ host: '127.0.0.1', port });
  onTestFinished(() => client.disconnect());
  return client;
}

/** A relay that delays a server's bytes by this time in each direction. @returns its port. */
async function startDelaying(port: number, delay: { readonly ms: number }): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => setTimeout(() => to.write(bytes), delay.ms / 2));
      from.on('error', () => {}).on('close', () => to.destroy());
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

await describeWith({ packages: ['redis-server'], suites: ['bookworm'] }, 'the store, Redis 7.0', (programs) => {
  const program = `${programs}/redis-server`;

  it('is shared by agents, keeps a key for a client, and forgets it', async () => {
    const store = stopAfterTest(await Store.start(program, ['--requirepass', 'secret']));
    const env = { VALKEY_NODES: `redis://:secret@${store.address}`, VALKEY_PREFIX: 'r:', ...PATIENT };
    const [one, two] = [await startPair(env), await startPair(env)];
    for (const { agent } of [one, two]) {
      await agent.says(/store is +a single server/);
      expect(agent.output).not.toContain('secret');
    }
    expect(await ask(one.peer, CLIENT)).toMatchObject({ ...BY_STORE, ip_score: 0, rate_remaining: 2 });
    expect(await ask(two.peer, { ip_xff: '::ffff:192.0.2.7' })).toMatchObject({ ...BY_STORE, rate_remaining: 1 });
    expect(await ask(one.peer, CLIENT)).toMatchObject({ ...BY_STORE, rate_remaining: 0 });
    expect(await ask(two.peer, CLIENT)).toMatchObject({ ...BY_STORE, ip_score: 100, rate_reset_s: 100 });
    expect(await ask(two.peer, { ip_src: data.address('2001:db8::1') })).toMatchObject({ ...BY_STORE, ip_score: 0 });
    const client = new Redis({ host: '127.0.0.1', port: store.port, password: 'secret' });
    onTestFinished(() => client.disconnect());
    expect((await client.keys('*')).toSorted()).toEqual(['r:192.0.2.7', 'r:2001:db8:0:0/64']);
    const ttl = await client.pttl('r:192.0.2.7');
    expect(ttl).toBeGreaterThan(1_700_000);
    expect(ttl).toBeLessThanOrEqual(1_800_000);
  });

  it('is reached by TLS with user and password, and not without its certificate', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const [key, certificate] = [folder.file('key'), folder.file('certificate')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const subject = ['-subj', '/CN=store', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await promisify(execFile)('openssl', [...request, ...subject, '-keyout', key, '-out', certificate]);
    const port = await freePort();
    const tls = ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no'];
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key];
    const user = ['--user', 'limiter', 'on', '>se,cret', '~*', '+@all'];
    stopAfterTest(await Store.start(program, [...tls, ...files, ...user], port));
    const VALKEY_NODES = `rediss://limiter:se%2Ccret@127.0.0.1:${port}`;
    const { agent, peer } = await startPair({ VALKEY_NODES, VALKEY_CA_FILE: certificate, ...PATIENT });
    await agent.says(/store is +a single server/);
    expect(await ask(peer, CLIENT)).toMatchObject(BY_STORE);
    expect(agent.output).not.toContain('cret');
    const stranger = await startPair({ VALKEY_NODES, ...PATIENT });
    await stranger.agent.says(/is not asked for now: self-signed certificate/);
    const wrong = await startPair({ VALKEY_NODES: VALKEY_NODES.replace('se%2C', 'x'), VALKEY_CA_FILE: certificate });
    await wrong.agent.says(/is not asked for now: WRONGPASS/);
  });

  it('may lose its scripts', async () => {
    const store = stopAfterTest(await Store.start(program));
    const { agent, peer } = await startPair({ VALKEY_NODES: `redis://${store.address}`, ...PATIENT });
    await agent.says(/store is/);
    const client = clientOf(store);
    let allowed = 0;
    for (let i = 0; i < 10; i++) {
      await client.script('FLUSH');
      const answers = await Promise.all([1, 2, 3].map(() => ask(peer, CLIENT)));
      for (const answer of answers) {
        expect(answer).toMatchObject(BY_STORE);
        if (answer['ip_score'] === 0) allowed++;
      }
    }
    expect(allowed).toBe(3);
  });

  it('counts a time further ahead than the burst as the burst, and ignores one that is not a number', async () => {
    const store = stopAfterTest(await Store.start(program));
    const { agent, peer } = await startPair({ VALKEY_NODES: `redis://${store.address}`, ...PATIENT });
    await agent.says(/store is/);
    const client = clientOf(store);
    await client.set('rate:192.0.2.7', '9000000000000000');
    expect(await ask(peer, CLIENT)).toMatchObject({ ip_score: 100, retry_after_ms: 100_000 });
    await client.set('rate:192.0.2.7', 'nonsense');
    expect(await ask(peer, CLIENT)).toMatchObject({ ip_score: 0, rate_remaining: 2 });
  });

  it.each([
    ['open', { ip_score: 0, retry_after_ms: 0, rate_source: 'default' }],
    ['closed', { ip_score: 100, retry_after_ms: 100_000, rate_source: 'default' }],
    ['local', { ip_score: 0, retry_after_ms: 0, rate_remaining: 0, rate_source: 'local' }],
  ])('may be missing: %s', async (mode, answer) => {
    const port = await freePort();
    const env = { VALKEY_NODES: `redis://127.0.0.1:${port}`, ON_STORE_FAILURE: mode, ...PATIENT };
    const { agent, peer } = await startPair(env);
    await agent.says(/store 127\.0\.0\.1:\d+ is not asked for now: .*ECONNREFUSED/);
    expect(await ask(peer, {})).toMatchObject({ ip_score: 0, rate_source: 'default' });
    const first = await Store.start(program, [], port);
    await agent.says(/answers again[^]*store is +a single server/);
    for (let i = 0; i < 2; i++) expect(await ask(peer, CLIENT)).toMatchObject(BY_STORE);
    await first.stop();
    await agent.until(async () =>
      (await ask(peer, { ip_src: '192.0.2.8' }))['rate_source'] === 'store' ? undefined : 1,
    );
    // Its memory knows the client: two of the three requests are used.
    expect(await ask(peer, CLIENT)).toMatchObject(answer);
    if (mode === 'local') expect(await ask(peer, CLIENT)).toMatchObject({ ip_score: 100, rate_source: 'local' });
    await agent.says(/decided by default: store failed/);
    const metrics = /^rate_store_openings_total\{node="127.0.0.1:\d+"\} (\d+)$/m;
    expect(await metric(agent, metrics)).toBe(2);
    stopAfterTest(await Store.start(program, [], port));
    const startedAt = performance.now();
    await agent.until(async () =>
      (await ask(peer, { ip_src: '192.0.2.8' }))['rate_source'] === 'store' ? 1 : undefined,
    );
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('has at most a thousand waiting calls', async () => {
    const store = stopAfterTest(await Store.start(program));
    const script = { intervalUs: 1, burstUs: 1, ttlMs: 1_000, deadlineMs: 5_000 };
    const node = new StoreNode(store.address, { host: '127.0.0.1', port: store.port }, script, () => {});
    onTestFinished(() => node.close());
    await expect.poll(() => node.isReady, { timeout: 5_000 }).toBe(true);
    store.signal('SIGSTOP');
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 1_000; i++) {
      expect(node.isReady).toBe(true);
      calls.push(node.decide(`client ${i}`));
    }
    expect(node.isReady).toBe(false);
    store.signal('SIGCONT');
    await Promise.all(calls);
    expect(node.isReady).toBe(true);
  });

  it('may be slow: answers come in time, and the agent does not ask it until it is fast', async () => {
    const store = stopAfterTest(await Store.start(program));
    const delay = { ms: 0 };
    const port = await startDelaying(store.port, delay);
    const env = { VALKEY_NODES: `redis://127.0.0.1:${port}`, VALKEY_DEADLINE_MS: '50' };
    const { agent, peer } = await startPair(env);
    await agent.until(async () => ((await ask(peer, CLIENT))['rate_source'] === 'store' ? 1 : undefined));
    delay.ms = 80;
    let slowestMs = 0;
    for (let i = 0; i < 40; i++) {
      const askedAt = performance.now();
      expect(await ask(peer, CLIENT)).toMatchObject({ rate_source: 'default' });
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
    }
    await agent.says(/is not asked for now: 20 failures one after the other: answers come too late/);
    expect(slowestMs).toBeLessThan(1_000);
    delay.ms = 0;
    await agent.until(async () => ((await ask(peer, CLIENT))['rate_source'] === 'store' ? 1 : undefined), 5_000);
  });

  it('may hang: answers come in time, and no client is charged later', async () => {
    const store = stopAfterTest(await Store.start(program));
    const { agent, peer } = await startPair({ VALKEY_NODES: `redis://${store.address}`, VALKEY_DEADLINE_MS: '50' });
    await agent.says(/store is/);
    await agent.until(async () => ((await ask(peer, CLIENT))['rate_source'] === 'store' ? 1 : undefined));
    store.signal('SIGSTOP');
    const slowest = { ms: 0 };
    for (let i = 0; i < 40; i++) {
      const askedAt = performance.now();
      await Promise.all(
        Array.from({ length: 10 }, async (_, host) => {
          const answer = await ask(peer, { ip_src: `198.51.100.${host}` });
          expect(answer).toMatchObject({ ip_score: 0, rate_source: 'default' });
          slowest.ms = Math.max(slowest.ms, performance.now() - askedAt);
        }),
      );
    }
    await agent.says(/is not asked for now: no answer for 100 ms/);
    store.signal('SIGCONT');
    await agent.says(/answers again/);
    expect(await clientOf(store).keys('rate:198.*')).toEqual([]);
    expect(slowest.ms).toBeLessThan(1_000);
    await agent.until(async () => ((await ask(peer, CLIENT))['rate_source'] === 'store' ? 1 : undefined), 5_000);
    expect(agent.output.match(/is not asked for now/g)).toHaveLength(1);
  });
});
