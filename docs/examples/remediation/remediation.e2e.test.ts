import { startAgent, startHaproxy, connectAs } from '@spop-internal/testbed/example';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { AGENT, decide, Lapi, LAPI_KEY } from './testing.ts';

const CONFIG = new URL('haproxy.cfg', import.meta.url);

describeHaproxies('the remediation example', (release) => {
  it('bans', async () => {
    const lapi = await new Lapi().add(decide('192.0.2.7')).start();
    const { agent, spoeAddress } = await startAgent(AGENT, { LAPI_KEY, LAPI_URL: lapi.url });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const client = connectAs('192.0.2.7', haproxy);
    const other = connectAs('192.0.2.8', haproxy);
    for (let i = 0; i < 3; i++) console.log(await client.request({ headers: { accept: 'text/html' } }));
    for (let i = 0; i < 3; i++) console.log(await other.request({ headers: { accept: 'text/html' } }));
    console.log(haproxy.log, agent.output);
    expect(1).toBe(1);
  });
});
