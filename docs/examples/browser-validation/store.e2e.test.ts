import { writeFile } from 'node:fs/promises';
import { Store } from '@spop-internal/testbed/store';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { ask, solution, start } from './asking.ts';

const VALKEY = { packages: ['valkey-server'], suites: ['trixie'] };

await describeWith(VALKEY, 'agents that share a store', (folder) => {
  it('accept a solution once among them, and by their own memory while the store does not answer', async () => {
    const KEYS = stopAfterTest(await TemporaryFolder.make()).file('keys');
    await writeFile(KEYS, `${Buffer.alloc(32, 1).toString('base64')}\n`);
    const store = stopAfterTest(await Store.start(`${folder}/valkey-server`));
    const env = {
      KEYS,
      VALKEY_URL: `redis://${store.address}`,
      VALKEY_DEADLINE_MS: '1000',
      PROCESSING_TIMEOUT_MS: '5000',
    };
    const [one, other] = await Promise.all([start(env), start(env)]);
    for (const { agent } of [one, other]) await agent.says(/store \S+ answers/);
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
});
