import { connectAs, startAgent, startHaproxy, startMirror } from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, requestInTime } from '@spop-internal/testbed/http-client';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const AGENT = new URL('agent.ts', import.meta.url);
const CONFIG = new URL('haproxy.cfg', import.meta.url);

/** The header that the site got, and the one that the client got. */
function headersOf({ body, headers }: Answer): unknown {
  const { headers: received } = JSON.parse(body) as { headers: Record<string, string | undefined> };
  return [received['x-client-network'], headers['x-client-region']];
}

async function ask(haproxy: Haproxy, from: string): Promise<unknown> {
  return headersOf(await requestInTime(connectAs(from, haproxy)));
}

describeHaproxies('the header enrichment example', (release) => {
  it('adds a header to the request and one to the response', async () => {
    const { spoeAddress } = await startAgent(AGENT);
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress, {}, await startMirror());
    expect(await ask(haproxy, '192.0.2.1')).toEqual(['office', 'eu']);
    expect(await ask(haproxy, '::ffff:192.0.2.65')).toEqual(['office-lab', 'eu']);
    expect(await ask(haproxy, '2001:db8:1ff::1')).toEqual(['office', 'eu']);
    expect(await ask(haproxy, '203.0.113.1')).toEqual([undefined, undefined]);
    const forged = await connectAs('203.0.113.1', haproxy).request({ headers: { 'x-client-network': 'office' } });
    expect(headersOf(forged)).toEqual([undefined, undefined]);
  });

  it('lets requests pass without the headers while the agent does not answer, or is gone, and logs it', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT);
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress, {}, await startMirror());
    expect(await ask(haproxy, '192.0.2.1')).toEqual(['office', 'eu']);
    agent.signal('SIGSTOP');
    const late = await connectAs('192.0.2.1', haproxy).request({ headers: { 'x-client-network': 'partner' } });
    agent.signal('SIGCONT');
    expect([late.status, headersOf(late), late.headers['x-spoe-error']]).toEqual([200, [undefined, undefined], '1']);
    await haproxy.says(/ 200 .* network=- by=deadline spoe=1/);
    await agent.stop();
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    expect(headersOf(await connectAs('192.0.2.1', haproxy).request())).toEqual([undefined, undefined]);
    await haproxy.says(/ 200 .* network=- by=default spoe=(2|257)/);
    expect(await haproxy.command('show table answers')).toMatch(/key=default .*http_req_cnt=[1-9]/);
  });
});
