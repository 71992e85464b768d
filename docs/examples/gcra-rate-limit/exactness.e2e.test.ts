import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent, startHaproxy } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import type { Store } from '@spop-internal/testbed/store';
import { StoreCluster } from '@spop-internal/testbed/store-cluster';
import { unpackDebian } from '@spop-internal/testbed/debian/unpack';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { Redis } from 'iovalkey';
import { expect, it } from 'vitest';
import { countUnknown, visit, type Visits } from './load.ts';
import { replay } from './model.ts';
import { AGENT } from './testing.ts';

const CONFIG = new URL('haproxy.cfg', import.meta.url);
/** Slow enough that a busy machine still has to refuse most. */
const RATE = { intervalUs: 40_000, burstUs: 400_000 };
const CLIENTS = 6;
const AGENTS = 2;

async function valkey(): Promise<string> {
  return `${await unpackDebian({ packages: ['valkey-server'], suites: ['trixie'] })}/valkey-server`;
}

/** Two agents with this store, each behind its own HAProxy. @returns the agents, and the sockets of HAProxy. */
async function startTwo(
  release: Parameters<typeof startHaproxy>[0],
  nodes: string,
): Promise<{ agents: Program[]; sockets: string[] }> {
  const env = {
    SPOA_RATE_INTERVAL: `${RATE.intervalUs}`,
    SPOA_RATE_BURST: `${RATE.burstUs}`,
    VALKEY_NODES: nodes,
    VALKEY_DEADLINE_MS: '200',
  };
  const pairs = await Promise.all(
    Array.from({ length: AGENTS }, async () => {
      const { agent, spoeAddress } = await startAgent(AGENT, env);
      await agent.says(/(?:store \S+ answers\n[^]*){3}/);
      return { agent, socket: (await startHaproxy(release, CONFIG, spoeAddress)).httpSocket };
    }),
  );
  return { agents: pairs.map(({ agent }) => agent), sockets: pairs.map(({ socket }) => socket) };
}

/** Prints the figures of exactness.md. */
function printFigures(what: string, visits: Visits): void {
  const allowed = visits.seen.filter(({ isAllowed }) => isAllowed).length;
  const { different } = replay(visits.seen, RATE);
  console.log(
    `${what}: ${allowed} allowed and ${visits.seen.length - allowed} refused by the store, ${different.length} not as the ` +
      `model; ${countUnknown(visits)} by default; slowest answer ${Math.round(visits.slowestMs)} ms`,
  );
}

/** Expects the model's numbers in every answer, and that both agents were asked at once. */
function expectExact(what: string, visits: Visits): void {
  const { seen, unknown } = visits;
  printFigures(what, visits);
  // Whether a decision by default charged its client is unknown.
  const { clients, different } = replay(
    seen.filter(({ client }) => !unknown.has(client)),
    RATE,
  );
  expect(different).toEqual([]);
  for (const { expected, allowed } of clients.values()) expect(allowed).toBe(expected);
  expect(clients.size).toBeGreaterThan(0);
  expect(seen.filter(({ isAllowed }) => isAllowed).length).toBeGreaterThan(CLIENTS * 10);
  expect(seen.filter(({ isAllowed }) => !isAllowed).length).toBeGreaterThan(CLIENTS);
}

/**
 * Expects that at most the model's requests were allowed, and fewer only by unknown charges. Writes that a dead master has not
 * sent to its replica are lost: at most `lost` requests of a client.
 */
function expectNoneTooMany(what: string, visits: Visits, lost: number = 0): void {
  const { seen, unknown } = visits;
  printFigures(what, visits);
  for (const [client, { expected, allowed }] of replay(seen, RATE).clients) {
    expect(allowed).toBeLessThanOrEqual(expected + lost);
    expect(expected - allowed).toBeLessThanOrEqual(unknown.get(client) ?? 0);
  }
}

function clientsOf(stores: readonly Store[]): Redis[] {
  return stores.map(({ port }) => {
    const client = new Redis({ host: '127.0.0.1', port });
    stopAfterTest({ stop: () => client.disconnect() });
    return client;
  });
}

describeHaproxies('two agents on one store', (release) => {
  // All of them would take a minute: EXACTNESS_RELEASE=bookworm chooses another.
  const isRun = release.name === (process.env['EXACTNESS_RELEASE'] ?? 'forky');
  const where = isRun ? '' : `, left out here: EXACTNESS_RELEASE=${release.name} chooses it`;

  it.runIf(isRun)(`allow exactly the model's requests, whatever the store forgets${where}`, async () => {
    const programs = await unpackDebian({ packages: ['valkey-server'], suites: ['trixie'] });
    const cluster = stopAfterTest(await StoreCluster.start(`${programs}/valkey-server`, { hasReplicas: true }));
    const { sockets } = await startTwo(release, `redis://${cluster.masters[0]?.address}`);
    // Until each HAProxy has its connections to the agent.
    await visit(sockets, 0, CLIENTS, () => sleep(500));
    expectExact('calm', await visit(sockets, 1, CLIENTS, () => sleep(1_500)));

    const nodes = clientsOf(cluster.masters);
    const flushed = await visit(sockets, 2, CLIENTS, async () => {
      for (let round = 0; round < 30; round++) {
        await Promise.all(nodes.map((node) => node.script('FLUSH')));
        await sleep(50);
      }
    });
    expectExact('SCRIPT FLUSH 20 times a second', flushed);

    let backAt = 0;
    const stopped = await visit(sockets, 3, CLIENTS, async () => {
      cluster.masters[0]?.signal('SIGSTOP');
      await sleep(1_500);
      cluster.masters[0]?.signal('SIGCONT');
      backAt = performance.now();
      await sleep(2_000);
    });
    expectNoneTooMany('a master stopped for 1.5 s', stopped);
    expect(countUnknown(stopped)).toBeGreaterThan(0);
    expect(stopped.lastUnknownAt - backAt).toBeLessThan(5_000);
    expectExact('calm again', await visit(sockets, 4, CLIENTS, () => sleep(1_000)));
  });

  it.runIf(isRun)(`allow the due requests when a master dies and its replica takes over${where}`, async () => {
    const cluster = stopAfterTest(await StoreCluster.start(await valkey(), { hasReplicas: true }));
    const { agents, sockets } = await startTwo(
      release,
      cluster.masters.map(({ address }) => `redis://${address}`).join(),
    );
    await visit(sockets, 0, CLIENTS, () => sleep(500));
    // Its replies name the new place of the slots; the agents had no other reason to ask.
    const replicas = clientsOf(cluster.replicas);
    let orderedAt = 0;
    const ordered = await visit(sockets, 4, CLIENTS, async () => {
      orderedAt = performance.now();
      await replicas[0]?.cluster('FAILOVER');
      await sleep(1_500);
    });
    expectNoneTooMany('a replica takes over by CLUSTER FAILOVER', ordered);
    expect(ordered.lastUnknownAt - orderedAt).toBeLessThan(1_200);

    // Its replica takes over 0.5 to 1 s after the others consider it failed. It goes on before.
    const [, , resumed] = cluster.masters;
    let isBackEarly = false;
    const replaced = await visit(sockets, 5, CLIENTS, async () => {
      resumed?.signal('SIGSTOP');
      const isFailed = new RegExp(`:${resumed?.port}@\\S+ master,fail `);
      await expect.poll(() => replicas[0]?.cluster('NODES'), { timeout: 10_000 }).toMatch(isFailed);
      resumed?.signal('SIGCONT');
      const again = `store ${resumed?.address} answers again`;
      const isReplaced = async (): Promise<boolean> => {
        const isBack = agents.some(({ output }) => output.includes(again));
        const isOver = / myself,master /.test(String(await replicas[2]?.cluster('NODES')));
        isBackEarly ||= isBack && !isOver;
        return isOver;
      };
      await expect.poll(isReplaced, { timeout: 10_000 }).toBe(true);
      for (const agent of agents) await agent.says(new RegExp(again));
      await sleep(500);
    });
    expectNoneTooMany('a master goes on just before its replica takes over', replaced);
    expect(isBackEarly).toBe(false);

    let killedAt = 0;
    const killed = await visit(sockets, 6, CLIENTS, async () => {
      await sleep(300);
      killedAt = performance.now();
      await cluster.masters[1]?.stop({ signal: 'SIGKILL' });
      await sleep(4_500);
    });
    expectNoneTooMany('a master killed, whose replica takes over', killed, 1);
    expect(killed.lastUnknownAt - killedAt).toBeLessThan(4_500);
    expectExact('calm after that', await visit(sockets, 7, CLIENTS, () => sleep(1_000)));
  });
});
