import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '@spop-internal/testbed/example';
import { Origin } from '@spop-internal/testbed/origin';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { Path } from './messages.ts';
import { readPage, solve } from './solving.ts';
import { Browserless, cookieOf, startPair } from './testing.ts';

const HOST = { host: 'site.test' };
const HTML = 'text/html; charset=utf-8';

/** The reason why a visitor with these headers gets a page. */
async function cookieReason(visitor: Browserless, headers: Environment = {}): Promise<string | undefined> {
  const answer = await visitor.request({ headers });
  expect(answer.status).toBe(403);
  return answer.headers['x-cookie-reason'];
}

describeHaproxies('the browser validation', (release) => {
  it('lets a visitor pass who has solved a challenge, and no other with the same solution or cookie', async () => {
    const { haproxy } = await startPair(release);
    const visitor = new Browserless('192.0.2.1', haproxy, HOST);
    const first = await visitor.request({ path: '/shop?a=1' });
    expect([first.status, first.headers['content-type']]).toEqual([403, HTML]);
    expect(first.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; script-src 'self'; (?!.*unsafe)/,
      ) as string,
    });
    expect(first.body.length).toBeLessThan(16_384);
    const page = readPage(first);

    // Wrong, foreign, or of another shape: the client sees the same refusal.
    const right = `challenge=${page.challenge}&number=${solve(page.challenge, page.bits)}`;
    const stranger = new Browserless('192.0.2.2', haproxy, HOST);
    const refusals = [
      await stranger.post(Path.solution, right),
      await new Browserless('192.0.2.1', haproxy, { host: 'other.test' }).post(Path.solution, right),
      await visitor.post(Path.solution, `${right}0x`),
      await visitor.post(Path.solution, `challenge=${page.wait}&number=1`),
      await visitor.post(Path.solution, ''),
    ];
    const passed = await visitor.post(Path.solution, right);
    refusals.push(await visitor.post(Path.solution, right));
    const seen = refusals.map(({ status, body, headers: { 'x-reason': why, ...headers } }) => {
      return { status, body, headers, why };
    });
    for (const { why: _, ...each } of seen) expect(each).toMatchObject({ status: 403, body: '{"passed":false}' });
    expect(new Set(seen.map(({ headers }) => JSON.stringify(headers))).size).toBe(1);
    const reasons = ['forged', 'forged', 'malformed', 'malformed', 'malformed', 'replayed'];
    expect(seen.map(({ why }) => why)).toEqual(reasons);
    await haproxy.says(new RegExp(` POST ${Path.solution} 403 .* reason=replayed id=${page.supportId}`));

    expect(passed.status).toBe(200);
    expect(passed.headers['set-cookie']).toMatch(/^bv=[\w-]{52}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/);
    visitor.cookie = cookieOf(passed);
    stranger.cookie = visitor.cookie;
    expect(await visitor.request({ path: '/shop?a=1' })).toMatchObject({ status: 200, body: 'the site' });
    expect(await cookieReason(stranger)).toBe('forged');
    expect(await cookieReason(visitor, { host: 'other.test' })).toBe('forged');
    expect(await cookieReason(visitor, { cookie: `${visitor.cookie}; ${visitor.cookie}` })).toBe('several');

    // More work for some paths, whose cookie is valid for all others.
    const login = await visitor.request({ path: '/login' });
    expect([readPage(login).bits, login.headers['x-cookie-reason']]).toEqual([5, 'level']);
    await visitor.pass('/login');
    for (const path of ['/login', '/']) expect((await visitor.request({ path })).status).toBe(200);
  });

  it('exempts only paths that a site cannot read as others, and checks all other requests', async () => {
    const site = stopAfterTest(
      await Origin.serve(({ url = '' }, response) => {
        if (url === '/api/suspicious') response.setHeader('x-validation-level', '3');
        response.end(`the site: ${url}`);
      }),
    );
    const { haproxy } = await startPair(release, {}, {}, site);
    const visitor = new Browserless('192.0.2.1', haproxy, HOST);
    for (const path of ['/api', '/api/v1?x=/../', '/healthz', '/.well-known/acme-challenge/x', '/robots.txt']) {
      expect(await visitor.request({ path })).toMatchObject({ status: 200, body: `the site: ${path}` });
    }
    const odd = [
      '/api/../shop',
      '/api/..',
      '/api/.',
      '/api//x',
      '//api',
      '/%61pi',
      '/api/%2e%2e/shop',
      '/api/..;/shop',
    ];
    for (const path of [...odd, '/API/x', '/apis', '/healthz/', '/api;x', '/.well-known/..\\x']) {
      const { status, headers } = await visitor.request({ path });
      expect([path, status, headers['x-reason']]).toEqual([path, 403, 'challenged']);
    }
    // More work for some paths, however they are written.
    for (const path of ['/login', '//LOGIN/x', '/%6cogin', '/x/../login', '/search?q=1']) {
      expect([path, readPage(await visitor.request({ path })).bits]).toEqual([path, 5]);
    }
    // After a first visit by POST the page says that the site did not get it.
    const lost = await visitor.request({ path: '/order', body: 'a=b' });
    expect([lost.status, /data-is-lost="(\w+)"/.exec(lost.body)?.[1]]).toEqual([403, 'yes']);
    expect(lost.body).toMatch(/<p >What you sent was not passed on/);
    expect((await visitor.request({ path: Path.solution, body: 'x'.repeat(1_025) })).status).toBe(413);
    expect((await visitor.request({ path: Path.form, body: 'x'.repeat(1_024) })).status).toBe(403);
    for (const path of [Path.form, '/browser-validation/', '/browser-validation/../shop']) {
      expect(await visitor.request({ path })).toMatchObject({ status: 303, headers: { location: '/' } });
    }
    // Requests that do not fit into a NOTIFY, or hardly, do not pass either. HAProxy closes some of these connections.
    for (const bytes of [12_000, 14_900, 15_100, 15_300, 16_000]) {
      for (const request of [{ headers: { cookie: 'x'.repeat(bytes) } }, { path: `/?${'x'.repeat(bytes)}` }]) {
        const { status } = await new Browserless('192.0.2.1', haproxy, HOST).request(request);
        expect([400, 403, 414, 431]).toContain(status);
      }
    }
    const large = await new Browserless('192.0.2.1', haproxy, HOST).request({
      path: '/order',
      body: 'x'.repeat(15_000),
    });
    expect([large.status, large.headers['x-reason']]).toEqual([403, 'challenged']);
    // The site sets the level for all further requests of this client.
    const { headers } = await visitor.request({ path: '/api/suspicious' });
    expect(headers['x-validation-level']).toBeUndefined();
    expect(readPage(await visitor.request())).toMatchObject({ bits: 6 });
  });
});

// The oldest and one other are enough for the rest.
describeHaproxies(
  'the browser validation example, further cases',
  (release) => {
    it('has a form for visitors without JavaScript, and answers in their language', async () => {
      const { haproxy } = await startPair(release);
      const visitor = new Browserless('2001:db8::1', haproxy, {
        ...HOST,
        'accept-language': 'xx, fr-CH;q=0.9, en;q=0.8',
      });
      const shown = await visitor.request({ path: '/shop?a[]=1&b=%22%3C' });
      expect(shown.body).toMatch(/<html lang="fr">[^]*<h1>V[^<]*rification de votre navigateur/);
      const { wait, action, supportId } = readPage({ body: shown.body });
      expect(supportId).toMatch(/^[0-9A-F]{4}-[0-9A-F]{4}$/);
      const tryCookie = shown.headers['set-cookie']?.replace(/;.*/, '') ?? '';
      const post = (path = action): ReturnType<typeof visitor.request> =>
        visitor.request({ path, body: `challenge=${wait}`, headers: { cookie: tryCookie } });
      const early = await post();
      expect([early.status, early.headers['x-reason']]).toEqual([403, 'early']);
      expect(early.body).toMatch(/<html lang="fr">[^]*href="\/shop\?a\[\]=1&b=%22%3C"/);
      // The time to wait is 6 s, less 5 for the clocks of other agents.
      await sleep(1_100);
      const passed = await post();
      expect([passed.status, passed.headers['location']]).toEqual([303, '/shop?a[]=1&b=%22%3C']);
      visitor.cookie = cookieOf(passed);
      expect((await visitor.request()).body).toBe('the site');
      expect((await post()).headers['x-reason']).toBe('replayed');

      // No redirect leads out of the site.
      for (const to of ['//evil.test', '/%5Cevil.test', 'https://evil.test', '/a%0d%0ax:y', '/%22%3E', '']) {
        expect((await post(`${Path.form}?to=${to}`)).body).toContain('href="/"');
      }
      // Level 3 has no form; and the page tells a visitor without cookies so.
      const other = new Browserless('192.0.2.1', haproxy, HOST);
      const { body } = await other.request();
      await sleep(1_100);
      const off = await other.post(Path.form, `challenge=${readPage({ body }).wait}`);
      expect([off.status, /<h1>([^<]*)/.exec(off.body)?.[1]]).toEqual([403, 'Cookies are switched off']);
    });

    it('wants more work from clients that ask often, and from no others', async () => {
      const { haproxy } = await startPair(release);
      const visitor = new Browserless('192.0.2.1', haproxy, HOST);
      await visitor.pass();
      expect((await visitor.request()).status).toBe(200);
      // Over 100 requests in 10 s, and over 300; those to exempt paths count as well.
      for (const [level, bits] of [5, 6].entries()) {
        const flood = async (): Promise<number> => {
          await Promise.all(Array.from({ length: 40 }, () => visitor.request({ path: '/healthz' })));
          const answer = await visitor.request();
          return answer.status === 200 ? 0 : readPage(answer).bits;
        };
        await expect.poll(flood, { interval: 0 }).toBe(bits);
        const refused = await visitor.request();
        expect([level, refused.headers['x-cookie-reason']]).toEqual([level, 'level']);
      }
      const other = new Browserless('192.0.2.2', haproxy, HOST);
      expect(readPage(await other.request()).bits).toBe(4);
      // The cookie of the highest level is good for all of them.
      await visitor.pass();
      expect((await visitor.request()).status).toBe(200);
    });

    it('lets all visitors pass without an agent, or none, and never asks for work in vain', async () => {
      const impatient = { SPOE_TIMEOUT: '250ms' };
      const { agent, haproxy } = await startPair(release, {}, impatient);
      const closed = await startPair(release, {}, { ...impatient, WHEN_AWAY: 'closed' });
      const open = new Browserless('192.0.2.1', haproxy, HOST);
      const shut = new Browserless('192.0.2.1', closed.haproxy, HOST);
      for (const visitor of [open, shut]) await expect.poll(async () => (await visitor.request()).status).toBe(403);
      expect(await Promise.all([agent.stop(), closed.agent.stop()])).toEqual(['exit code 0', 'exit code 0']);
      // Until then HAProxy tries to connect, and the visitor waits for the deadline.
      for (const each of [haproxy, closed.haproxy]) await each.says(/backend spoe-agents has no server available/);
      expect(await open.request()).toMatchObject({ status: 200, body: 'the site' });
      const away = await shut.request({ path: '/shop', headers: { 'accept-language': 'de' } });
      expect(away).toMatchObject({ status: 503, headers: { 'retry-after': '60', 'cache-control': 'no-store' } });
      expect(away.body).toMatch(/<html lang="de">[^]*<h1>Nicht verf[^<]*gbar[^]*href="\/shop"/);
      expect(away.body).not.toContain('<script');
      for (const visitor of [open, shut]) {
        expect((await visitor.post(Path.solution, 'challenge=x&number=1')).status).toBe(503);
        expect((await visitor.request({ path: '/api/x' })).body).toBe('the site');
      }
      await haproxy.says(/ GET \/ 200 .* by=default spoe=\d/);
      await closed.haproxy.says(/ GET \/shop 503 .* by=default spoe=\d/);
      expect(await haproxy.command('show table verdicts')).toMatch(/key=default .*http_req_cnt=[1-9]/);
    });

    it('says which requests were decided because the agent was late', async () => {
      const { agent, haproxy } = await startPair(release, {}, { SPOE_TIMEOUT: '250ms' });
      const visitor = new Browserless('192.0.2.1', haproxy, HOST);
      await expect.poll(async () => (await visitor.request()).status).toBe(403);
      agent.signal('SIGSTOP');
      expect(await visitor.request()).toMatchObject({ status: 200, body: 'the site' });
      agent.signal('SIGCONT');
      await haproxy.says(/ GET \/ 200 .* by=deadline spoe=1/);
      expect(await haproxy.command('show table verdicts')).toMatch(/key=agent [^]*key=deadline .*http_req_cnt=[1-9]/);
    });
  },
  ['bookworm', 'forky'],
);
