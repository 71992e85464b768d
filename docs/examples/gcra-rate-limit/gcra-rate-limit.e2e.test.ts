import { connectAs, type Environment, startAgent, startHaproxy } from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, HttpClient, requestInTime } from '@spop-internal/testbed/http-client';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { AGENT, SPARING } from './testing.ts';

const CONFIG = new URL('haproxy.cfg', import.meta.url);
const PROXY = '192.0.2.80';

function summaryOf({ status, headers }: Answer): unknown {
  return [status, headers['x-rate-source'], headers['ratelimit']];
}

async function ask(haproxy: Haproxy, from: string, headers: Environment = {}): Promise<unknown> {
  const client = connectAs(from, haproxy);
  const answer = await client.request({ headers });
  return summaryOf(answer.headers['x-spoe-error'] === '1' ? await client.request({ headers }) : answer);
}

const left = (count: number): unknown => [200, 'memory', `"burst";r=${count};t=${(3 - count) * 100}`];
const REFUSED = [429, 'memory', '"burst";r=0;t=100'];

describeHaproxies('the rate limiter', (release) => {
  it('answers 429 after a burst to all clients with the same address, while there is an agent', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT, SPARING);
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const client = connectAs('192.0.2.7', haproxy);
    for (const count of [2, 1, 0]) expect(summaryOf(await requestInTime(client))).toEqual(left(count));
    const { status, headers, body } = await requestInTime(client);
    expect([status, body]).toEqual([429, 'too many requests']);
    expect(headers).toMatchObject({ 'retry-after': '100', 'x-rate-score': '100', ratelimit: '"burst";r=0;t=100' });
    expect(Number(headers['x-retry-after-ms'])).toBeGreaterThan(99_000);
    expect(headers['ratelimit-policy']).toBe('"burst";q=20;w=1');
    await haproxy.says(/ 429 .* score=100 by=memory spoe=-/);

    // Every form of an address is one client; header fields count only if its own proxies send them.
    expect(await ask(haproxy, '203.0.113.7')).toEqual(left(2));
    expect(await ask(haproxy, '::ffff:203.0.113.7')).toEqual(left(1));
    expect(await ask(haproxy, PROXY, { Forwarded: 'for=192.0.2.1, for="203.0.113.7:4711"' })).toEqual(left(0));
    expect(await ask(haproxy, PROXY, { 'X-Forwarded-For': '192.0.2.1, 203.0.113.7' })).toEqual(REFUSED);
    expect(await ask(haproxy, '203.0.113.7', { 'X-Forwarded-For': '192.0.2.9' })).toEqual(REFUSED);
    expect(await ask(haproxy, '203.0.113.8', { Forwarded: 'for=203.0.113.7' })).toEqual(left(2));
    expect(await ask(haproxy, '2001:db8:0:1::7')).toEqual(left(2));
    expect(await ask(haproxy, PROXY, { Forwarded: 'for="[2001:db8:0:1:ffff::]:80"' })).toEqual(left(1));
    expect(await ask(haproxy, '2001:db8:0:2::7')).toEqual(left(2));

    // Clients without an address pass.
    const direct = stopAfterTest(new HttpClient(haproxy.httpSocket.replace('http.sock', 'direct.sock')));
    for (let i = 0; i < 5; i++) {
      expect(summaryOf(await requestInTime(direct))).toEqual([200, 'default', '"burst";r=3;t=0']);
    }
    await agent.says(/decided by default: no address/);

    // Without an agent all clients pass, whatever earlier answers on the same connection said.
    expect(summaryOf(await requestInTime(client))).toEqual(REFUSED);
    expect(await agent.stop()).toBe('exit code 0');
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    expect(summaryOf(await client.request())).toEqual([200, 'no-agent', undefined]);
    expect(await haproxy.command('show table sources')).toMatch(/key=no-agent .*http_req_cnt=[1-9]/);
  });

  it.runIf(release.name === 'forky')(
    'refuses no request with SHADOW (only on HAProxy 3.2: the agent decides it)',
    async () => {
      const { spoeAddress } = await startAgent(AGENT, { ...SPARING, SHADOW: '1' });
      const haproxy = await startHaproxy(release, CONFIG, spoeAddress, {
        TRUSTED_PROXIES: '10.0.0.0/8 198.51.100.0/24',
      });
      // The environment names the proxies.
      for (const from of ['198.51.100.1', PROXY]) await ask(haproxy, from, { Forwarded: 'for=203.0.113.9' });
      expect(await ask(haproxy, PROXY)).toEqual(left(1));
      expect(await ask(haproxy, '203.0.113.9')).toEqual(left(1));
      const client = connectAs('192.0.2.7', haproxy);
      for (let i = 0; i < 3; i++) expect((await requestInTime(client)).headers['x-shadow-score']).toBe('0');
      const { status, headers } = await requestInTime(client);
      expect([status, headers['x-shadow-score'], headers['x-rate-score']]).toEqual([200, '100', '0']);
    },
  );
});
