import { writeFile } from 'node:fs/promises';
import { Store } from '@spop-internal/testbed/store';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { ask, solution, start } from './asking.ts';

const VALKEY = { packages: ['valkey-server'], suites: ['trixie'] };

/** Two agents with the same key, and the store that they share. */
async function startTwo(folder: string, deadlines: { VALKEY_DEADLINE_MS: string; PROCESSING_TIMEOUT_MS: string }) {
  const KEYS = stopAfterTest(await TemporaryFolder.make()).file('keys');
  await writeFile(KEYS, `${Buffer.alloc(32, 1).toString('base64')}\n`);
  const store = stopAfterTest(await Store.start(`${folder}/valkey-server`));
  const env = { KEYS, VALKEY_URL: `redis://${store.address}`, ...deadlines };
  const [one, other] = await Promise.all([start(env), start(env)]);
  for (const { agent } of [one, other]) await agent.says(/store \S+ answers/);
  return { store, one, other };
}

await describeWith(VALKEY, 'agents that share a store', (folder) => {
  it('accept a solution once among them, and by their own memory while the store does not answer', async () => {
    const deadlines = { VALKEY_DEADLINE_MS: '1000', PROCESSING_TIMEOUT_MS: '5000' };
    const { store, one, other } = await startTwo(folder, deadlines);
    const first = await solution(one.peer, 1);
    expect(await ask(other.peer, 'challenge', first)).toMatchObject({ status: 200, reason: 'solved' });
    for (const { peer } of [one, other]) {
      expect(await ask(peer, 'challenge', first)).toMatchObject({ status: 403, reason: 'replayed' });
    }
    store.signal('SIGSTOP');
    const second = await solution(one.peer, 1);
    const askedAt = performance.now();
    expect(await ask(one.peer, 'challenge', second)).toMatchObject({ status: 200, reason: 'solved' });
    expect(performance.now() - askedAt).toBeGreaterThan(990);
    expect(await ask(one.peer, 'challenge', second)).toMatchObject({ reason: 'replayed' });
    await one.agent.says(/store has failed: no answer within 1000 ms/);
    store.signal('SIGCONT');
    await expect
      .poll(async () => (await ask(other.peer, 'challenge', await solution(other.peer, 1)))['reason'], {
        timeout: 5_000,
      })
      .toBe('solved');
    // By now the store has read the questions that were sent while it hung.
    expect(await ask(other.peer, 'challenge', second)).toMatchObject({ reason: 'replayed' });
  });

  it('stop waiting for a store that hangs, and share solutions again when it is back', async () => {
    // Far more than an answer takes without the store, even on a busy machine.
    const deadlines = { VALKEY_DEADLINE_MS: '8000', PROCESSING_TIMEOUT_MS: '20000' };
    const { store, one, other } = await startTwo(folder, deadlines);
    const metric = async (name: string): Promise<number> => {
      const address = await one.agent.says(/^metrics on\s+(\S+)$/m);
      const text = await (await fetch(`http://${address}/metrics`)).text();
      return Number(new RegExp(`^browser_validation_${name} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    expect(await metric('store_ready')).toBe(1);
    store.signal('SIGSTOP');
    const solutions = await Promise.all(Array.from({ length: 10 }, () => solution(one.peer, 1)));
    const missed = await Promise.all(solutions.slice(0, 8).map((each) => ask(one.peer, 'challenge', each)));
    expect(missed.map(({ reason }) => reason)).toEqual(Array(8).fill('solved'));
    await expect.poll(() => metric('store_ready')).toBe(0);
    const askedAt = performance.now();
    expect(await ask(one.peer, 'challenge', solutions[8]!)).toMatchObject({ reason: 'solved' });
    expect(performance.now() - askedAt).toBeLessThan(7_900);
    expect(await metric('store_failures_total')).toBe(9);
    store.signal('SIGCONT');
    await expect.poll(() => metric('store_ready')).toBe(1);
    expect(await ask(one.peer, 'challenge', solutions[9]!)).toMatchObject({ reason: 'solved' });
    expect(await ask(other.peer, 'challenge', solutions[9]!)).toMatchObject({ reason: 'replayed' });
  });
});
