import { writeFile } from 'node:fs/promises';
import { connectAs, startAgent, startHaproxy, startMirror } from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { Origin } from '@spop-internal/testbed/origin';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { inTime } from '../shared/testing.ts';

const AGENT = new URL('agent.ts', import.meta.url);
const CONFIG = new URL('haproxy.cfg', import.meta.url);

type Headers = Readonly<Record<string, string>>;

describeHaproxies('the routing example', (release) => {
  const start = (spoeAddress: string, site: Origin): Promise<Haproxy> => {
    const others = { SHOP_ADDR: site.address, CANARY_ADDR: site.address, ACME_ADDR: site.address };
    return startHaproxy(release, CONFIG, spoeAddress, others, site);
  };

  it('sends requests to the backend of their tenant or host, and always the same users to the canary', async () => {
    const ROUTES = stopAfterTest(await TemporaryFolder.make()).file('routes');
    const routes = (percent: number): string =>
      `shop.example.com shop shop-canary ${percent}\ntenant:acme acme\nold.example.com gone\n`;
    await writeFile(ROUTES, routes(30));
    const { agent, spoeAddress } = await startAgent(AGENT, { ROUTES });
    const haproxy = await start(spoeAddress, await startMirror());
    const client = connectAs('192.0.2.1', haproxy);
    const ask = async (headers: Headers): Promise<string | undefined> => {
      const answer = await inTime(() => client.request({ headers }));
      return answer.headers['x-backend'];
    };
    const shopOf = (user: number): Promise<string | undefined> =>
      ask({ host: 'Shop.Example.com:8080', cookie: `a=b; user_id=u${user}` });
    expect(await ask({ host: 'shop.example.com', 'x-tenant': 'Acme' })).toBe('acme');
    expect(await ask({ host: 'other.example.com' })).toBe('app');
    // A backend that HAProxy does not have.
    expect(await ask({ host: 'old.example.com' })).toBe('app');
    await haproxy.says(/ 200 .* backend=app .* by=no-backend /);
    expect(await haproxy.command('show table answers')).toMatch(/key=no-backend .*http_req_cnt=1/);
    const users = Array.from({ length: 40 }, (_, user) => user);
    const sent = async (): Promise<Set<number>> => {
      const found = new Set<number>();
      for (const user of users) if ((await shopOf(user)) === 'shop-canary') found.add(user);
      return found;
    };
    const first = await sent();
    expect(first.size).toBeGreaterThan(3);
    expect(first.size).toBeLessThan(25);
    expect(await sent()).toEqual(first);
    await writeFile(ROUTES, routes(60));
    agent.signal('SIGHUP');
    await agent.says(/read .*routes again on SIGHUP/);
    const second = await sent();
    expect(second.size).toBeGreaterThan(first.size);
    expect([...first].filter((user) => !second.has(user))).toEqual([]);
  });

  it('sends requests to the default backend while the agent does not answer, or is gone, and logs it', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT);
    const haproxy = await start(spoeAddress, await startMirror());
    const ask = async (): Promise<unknown> => {
      const { headers } = await connectAs('192.0.2.1', haproxy).request({ headers: { 'x-tenant': 'acme' } });
      return [headers['x-backend'], headers['x-spoe-error']];
    };
    await expect.poll(ask).toEqual(['acme', undefined]);
    agent.signal('SIGSTOP');
    expect(await ask()).toEqual(['app', '1']);
    agent.signal('SIGCONT');
    await haproxy.says(/ 200 .* backend=app canary=- by=deadline spoe=1/);
    await agent.stop();
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    expect(await ask()).toEqual(['app', expect.stringMatching(/^(2|257)$/)]);
    await haproxy.says(/ 200 .* backend=app canary=- by=default spoe=(2|257)/);
    expect(await haproxy.command('show table answers')).toMatch(/key=default .*http_req_cnt=[1-9]/);
  });
});
