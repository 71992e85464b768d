/** The agent of the tutorials behind HAProxy, with the files and the requests that the first one shows. */
import { connectAs, startAgent, startHaproxy } from '@spop-internal/testbed/example';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

describeHaproxies('the first agent', (release) => {
  it('keeps strangers out of /admin, and everybody out when it has ended', { timeout: 60_000 }, async () => {
    const { agent, spoeAddress } = await startAgent(new URL('admin/main.ts', import.meta.url));
    const haproxy = await startHaproxy(release, new URL('admin/haproxy.cfg', import.meta.url), spoeAddress);
    const stranger = connectAs('198.51.100.7', haproxy);
    const colleague = connectAs('192.0.2.7', haproxy);
    expect(await stranger.request({ path: '/' })).toMatchObject({ status: 200, body: 'welcome' });
    expect(await stranger.request({ path: '/admin' })).toMatchObject({ status: 403 });
    expect(await colleague.request({ path: '/admin' })).toMatchObject({ status: 200, body: 'welcome' });
    expect(await agent.stop()).toBe('exit code 0');
    expect(await colleague.request({ path: '/' })).toMatchObject({ status: 403 });
  });
});
