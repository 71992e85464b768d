import { data } from '@spop/builder';
import type { ScriptedHaproxy } from '@spop/builder';
import type { Program } from '@spop-internal/testbed/program';
import { StoreCluster } from '@spop-internal/testbed/store-cluster';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { ask, startPair } from './testing.ts';

/** Enough that each of three masters has some. */
const CLIENTS = Array.from({ length: 30 }, (_, host) => ({ ip_src: data.address(`192.0.2.${host}`) }));

async function sources(peer: ScriptedHaproxy): Promise<Record<string, number>> {
  const answers = await Promise.all(CLIENTS.map((client) => ask(peer, client)));
  const found: Record<string, number> = {};
  for (const { rate_source: source = '' } of answers) found[source] = (found[source] ?? 0) + 1;
  return found;
}

/** Waits until the store decides about all clients. @returns after how many ms it does. */
async function untilExact({ agent, peer }: { agent: Program; peer: ScriptedHaproxy }): Promise<number> {
  const startedAt = performance.now();
  await agent.until(async () => ((await sources(peer))['store'] === CLIENTS.length ? true : undefined), 20_000);
  return performance.now() - startedAt;
}

await describeWith({ packages: ['valkey-server'], suites: ['trixie'] }, 'a cluster of Valkey 8.1', (programs) => {
  const program = `${programs}/valkey-server`;

  it('is asked for its servers, and decides while one is gone about the clients of the others', async () => {
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
    await pair.agent.says(/is left alone: no answer for 1000 ms/);
    const found = await sources(pair.peer);
    expect(found['default']).toBeGreaterThan(3);
    expect(found['store']).toBeGreaterThan(10);
    second?.signal('SIGCONT');
    expect(await untilExact(pair)).toBeLessThan(5_000);
  });
});
