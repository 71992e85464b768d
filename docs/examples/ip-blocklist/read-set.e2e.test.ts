import { startAgent } from '@spop-internal/testbed/example';
import { freePort } from '@spop-internal/testbed/ports';
import { Store } from '@spop-internal/testbed/store';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { data } from '@spop/builder';
import '@spop/builder/vitest';
import { Redis } from 'iovalkey';
import { expect, it, onTestFinished } from 'vitest';
import { connectTo } from '../shared/testing.ts';
import { blocked } from './messages.ts';
import { readSet } from './read-set.ts';

const MAX_BYTES = 1e8;

function clientOf({ port }: Store, password?: string): Redis {
  const client = new Redis({ host: '127.0.0.1', port, ...(password === undefined ? {} : { password }) });
  onTestFinished(() => client.disconnect());
  return client;
}

async function membersOf(url: string, timeoutMs: number = 10_000): Promise<string[]> {
  const bytes = await readSet(new URL(url), MAX_BYTES, timeoutMs);
  return Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

await describeWith({ packages: ['redis-server'], suites: ['bookworm'] }, 'sets of Redis 7.0', (programs) => {
  const program = `${programs}/redis-server`;

  it('are read to their last member', async () => {
    const store = stopAfterTest(await Store.start(program));
    const client = clientOf(store);
    const members = Array.from({ length: 30_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    await client.sadd('banned/all', ...members);
    expect(await membersOf(`redis://${store.address}/banned%2Fall`)).toEqual(members.toSorted());
    expect(await membersOf(`redis://${store.address}/none`)).toEqual([]);
  });

  it('are read as of one moment, even if they are replaced again and again', async () => {
    const store = stopAfterTest(await Store.start(program));
    const client = clientOf(store);
    const generation = (net: number): string[] =>
      Array.from({ length: 25_000 }, (_, i) => `${net}.0.${i >> 8}.${i & 255}`);
    await client.sadd('banned', ...generation(1));
    let isOver = false;
    const replacing = (async (): Promise<void> => {
      for (let net = 2; !isOver; net = (net % 200) + 1) {
        await client.sadd('next', ...generation(net));
        await client.rename('next', 'banned');
      }
    })();
    try {
      for (let round = 0; round < 5; round++) {
        const members = await membersOf(`redis://${store.address}/banned`);
        expect(new Set(members.map((member) => member.split('.')[0])).size).toBe(1);
        expect(members).toHaveLength(25_000);
      }
    } finally {
      isOver = true;
      await replacing;
    }
  });

  it('are not read with a wrong password, of another type, or from a server that is silent or missing', async () => {
    const store = stopAfterTest(await Store.start(program, ['--requirepass', 'secret']));
    const client = clientOf(store, 'secret');
    await client.set('text', '192.0.2.7');
    await client.sadd('banned', '192.0.2.7');
    const at = (password: string, key: string): string => `redis://:${password}@${store.address}/${key}`;
    expect(await membersOf(at('secret', 'banned'))).toEqual(['192.0.2.7']);
    await expect(membersOf(at('wrong', 'banned'))).rejects.toThrow(/WRONGPASS/);
    await expect(membersOf(at('secret', 'text'))).rejects.toThrow(/WRONGTYPE/);
    store.signal('SIGSTOP');
    await expect(membersOf(at('secret', 'banned'), 500)).rejects.toThrow('not read within 500 ms');
    store.signal('SIGCONT');
    await expect(membersOf(`redis://127.0.0.1:${await freePort()}/banned`)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('are read by the agent, which keeps the last one while their server is away', async () => {
    const port = await freePort();
    const first = await Store.start(program, [], port);
    const client = clientOf(first);
    await client.sadd('banned', '192.0.2.7', '2001:db8::/32', 'nobody');
    const BLOCKLIST = `redis://127.0.0.1:${port}/banned`;
    const { agent, spoeAddress } = await startAgent(new URL('agent.ts', import.meta.url), { BLOCKLIST });
    await agent.says(/banned: skipped 1 bad lines: line \d "nobody"/);
    const peer = await connectTo(spoeAddress);
    const ask = (ip: string): ReturnType<typeof peer.notify> =>
      peer.notify('check-client-ip', { ip: data.address(ip) });
    expect(await ask('192.0.2.7')).toSetVar(blocked, true);
    expect(await ask('2001:db8::1')).toSetVar(blocked, true);
    expect(await ask('192.0.2.8')).toSetVar(blocked, false);
    client.disconnect();
    await first.stop();
    agent.signal('SIGHUP');
    await agent.says(/banned has failed: .*ECONNREFUSED.*; its list of 2 entries, \d+ s old, stays in force/);
    expect(await ask('192.0.2.7')).toSetVar(blocked, true);
    const second = stopAfterTest(await Store.start(program, [], port));
    agent.signal('SIGHUP');
    await agent.says(/banned has failed: expected an address or a range; found none; its list of 2 entries/);
    await clientOf(second).sadd('banned', '192.0.2.8');
    agent.signal('SIGHUP');
    await expect.poll(() => ask('192.0.2.8'), { timeout: 10_000 }).toSetVar(blocked, true);
    expect(await ask('192.0.2.7')).toSetVar(blocked, false);
  });
});
