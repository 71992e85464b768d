import { connectAs, startAgent, startHaproxy } from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, requestInTime } from '@spop-internal/testbed/http-client';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const AGENT = new URL('agent.ts', import.meta.url);
const CONFIG = new URL('haproxy.cfg', import.meta.url);

function summaryOf({ status, headers }: Answer): unknown {
  return [status, headers['x-blocked'], headers['x-verdict-source'], headers['x-spoe-error']];
}

async function ask(haproxy: Haproxy, from: string): Promise<unknown> {
  return summaryOf(await requestInTime(connectAs(from, haproxy)));
}

const PASSED = [200, '0', 'lists', undefined];
const DENIED = [403, '1', 'lists', undefined];

describeHaproxies('the blocklist example', (release) => {
  it.each([
    ['TCP', '127.0.0.1:0'],
    ['TCP over IPv6', '[::1]:0'],
    ['a unix socket', 'unix'],
  ])('denies clients on the list, the agent on %s', async (_, spoeAddr) => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const SPOE_ADDR = spoeAddr === 'unix' ? `unix:${folder.file('agent.sock')}` : spoeAddr;
    const { spoeAddress } = await startAgent(AGENT, { SPOE_ADDR, BLOCKLIST: 'blocklist.txt' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const answers: unknown[] = [];
    for (const client of ['192.0.2.6', '192.0.2.7', '::ffff:10.1.2.3', '11.0.0.0', '2001:db8::1', '2001:db8:bad::1']) {
      answers.push([client, await ask(haproxy, client)]);
    }
    expect(answers).toEqual([
      ['192.0.2.6', PASSED],
      ['192.0.2.7', DENIED],
      ['::ffff:10.1.2.3', DENIED],
      ['11.0.0.0', PASSED],
      ['2001:db8::1', PASSED],
      ['2001:db8:bad::1', DENIED],
    ]);
  });

  it('lets requests pass while there is no agent, and says so', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT, { BLOCKLIST: 'blocklist.txt' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const client = connectAs('10.1.2.3', haproxy);
    expect(summaryOf(await requestInTime(client))).toEqual(DENIED);
    expect(await agent.stop()).toBe('exit code 0');
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    const answer = await connectAs('10.1.2.3', haproxy).request();
    expect(summaryOf(answer)).toEqual([200, undefined, 'default', expect.stringMatching(/^(2|257)$/)]);
    await haproxy.says(/SPOE: \[ip-blocklist\] <EVENT:on-frontend-http-request>.* st=(2|257) /);
    await haproxy.says(/ 200 .* blocked=- by=default spoe=(2|257)/);
  });
});
