import { data, type ScriptedHaproxy } from '@spop/builder';
import type { Program } from '@spop-internal/testbed/program';
import { StoreCluster } from '@spop-internal/testbed/store-cluster';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { Redis } from 'iovalkey';
import { expect, it, onTestFinished } from 'vitest';
import { keySlot } from './key-slot.ts';
import { ask, startPair } from './testing.ts';

const ADDRESSES = Array.from({ length: 60 }, (_, host) => `198.51.100.${host}`);

/** Enough clients that each of three masters has some. */
const CLIENTS = Array.from({ length: 30 }, (_, host) => ({ ip_src: data.address(`192.0.2.${host}`) }));

async function sources(peer: ScriptedHaproxy): Promise<Record<string, number>> {
  const answers = await Promise.all(CLIENTS.map((client) => ask(peer, client)));
  const found: Record<string, number> = {};
  for (const { rate_source } of answers) found[String(rate_source)] = (found[String(rate_source)] ?? 0) + 1;
  return found;
}

/** Waits until the store decides about all clients. @returns the ms that this took. */
async function untilExact({ agent, peer }: { agent: Program; peer: ScriptedHaproxy }): Promise<number> {
  const startedAt = performance.now();
  await agent.until(async () => ((await sources(peer))['store'] === CLIENTS.length ? true : undefined), 20_000);
  return performance.now() - startedAt;
}

await describeWith({ packages: ['valkey-server'], suites: ['trixie'] }, 'a cluster of Valkey 8.1', (programs) => {
  const program = `${programs}/valkey-server`;

  it('names its servers, and while one is gone decides for the clients of the others', async () => {
    const cluster = stopAfterTest(await StoreCluster.start(program));
    const [first, second] = cluster.masters;
    const env = {
      VALKEY_NODES: `redis://${first?.address}`,
      VALKEY_DEADLINE_MS: '1000',
      SPOA_RATE_BURST: '9000000000',
      SPOA_RATE_TTL: '9000',
    };
    const pair = await startPair(env);
    await pair.agent.says(/store is +a cluster/);
    await untilExact(pair);
    second?.signal('SIGSTOP');
    await pair.agent.until(async () => ((await sources(pair.peer))['default'] === undefined ? undefined : true));
    await pair.agent.says(/is not asked for now: no answer for 1000 ms/);
    const found = await sources(pair.peer);
    expect(found['default']).toBeGreaterThan(3);
    expect(found['store']).toBeGreaterThan(10);
    second?.signal('SIGCONT');
    expect(await untilExact(pair)).toBeLessThan(5_000);
  });

  it('decides exactly while slots move between servers, before, during and after the move of each key', async () => {
    const cluster = stopAfterTest(await StoreCluster.start(program));
    const [from, to, third] = cluster.masters.map(({ port }) => {
      const client = new Redis({ host: '127.0.0.1', port });
      onTestFinished(() => client.disconnect());
      return { client, port };
    });
    const env = { VALKEY_NODES: `redis://127.0.0.1:${from!.port}`, VALKEY_DEADLINE_MS: '2000' };
    const pairs = [await startPair(env), await startPair(env)];
    for (const { agent } of pairs) await agent.says(/(?:store \S+ answers\n[^]*){3}/);

    const allowed = new Map<string, number>();
    const bySource: Record<string, number> = {};
    const visit = async (peer: ScriptedHaproxy, address: string): Promise<void> => {
      const answer = await ask(peer, { ip_src: data.address(address) });
      const source = String(answer['rate_source']);
      bySource[source] = (bySource[source] ?? 0) + 1;
      if (answer['ip_score'] === 0) allowed.set(address, (allowed.get(address) ?? 0) + 1);
    };
    // Every other client is known before its slot moves; the others ask for the first time while it does.
    const [first] = pairs;
    await Promise.all(ADDRESSES.filter((_, index) => index % 2 === 0).map((address) => visit(first!.peer, address)));

    const [fromId, toId] = [await from!.client.cluster('MYID'), await to!.client.cluster('MYID')];
    const slots = [...new Set(ADDRESSES.map((address) => keySlot(`rate:${address}`)))].filter((slot) => slot <= 5_460);
    expect(slots.length).toBeGreaterThan(10);
    for (const slot of slots) {
      await to!.client.cluster('SETSLOT', slot, 'IMPORTING', fromId);
      await from!.client.cluster('SETSLOT', slot, 'MIGRATING', toId);
    }
    let isOver = false;
    const asking = pairs.map(async ({ peer }) => {
      while (!isOver) await Promise.all(ADDRESSES.map((address) => visit(peer, address)));
    });
    onTestFinished(async () => {
      isOver = true;
      await Promise.allSettled(asking);
    });
    await expect.poll(() => allowed.size, { timeout: 20_000 }).toBe(ADDRESSES.length);
    for (const { client } of [from!, to!]) {
      const counts = slots.map((slot) => client.cluster('COUNTKEYSINSLOT', slot));
      expect((await Promise.all(counts)).filter((count) => count > 0).length).toBeGreaterThan(2);
    }
    for (const slot of slots) {
      for (const key of await from!.client.cluster('GETKEYSINSLOT', slot, 100)) {
        await from!.client.migrate('127.0.0.1', to!.port, key, 0, 1_000);
      }
      for (const each of [to, from, third]) await each!.client.cluster('SETSLOT', slot, 'NODE', toId);
    }
    const asked = bySource['store'] ?? 0;
    await expect.poll(() => bySource['store'], { timeout: 20_000 }).toBeGreaterThan(asked + 2 * ADDRESSES.length);
    isOver = true;
    await Promise.all(asking);
    expect(Object.keys(bySource)).toEqual(['store']);
    expect(allowed).toEqual(new Map(ADDRESSES.map((address) => [address, 3])));
  });
});
