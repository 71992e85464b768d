import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { Browserless, readPage, startPair } from './testing.ts';

describeHaproxies('the browser validation', (release) => {
  it('shows a page first, and the site to who has solved it', async () => {
    const { haproxy } = await startPair(release);
    const visitor = new Browserless('192.0.2.1', haproxy, { host: 'site.test' });
    const first = await visitor.request({ path: '/shop?a=1&b=%22' });
    console.log(first);
    expect(first.status).toBe(403);
    const page = readPage(first);
    const passed = await visitor.hand(page);
    console.log(passed);
    await visitor.pass();
    console.log(await visitor.request({ path: '/shop?a=1&b=%22' }));
    console.log(haproxy.log);
  });
});
