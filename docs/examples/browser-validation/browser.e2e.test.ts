import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CHROMIUM } from '@spop-internal/testbed/debian/chromium';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { freePort } from '@spop-internal/testbed/ports';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DYING_WORKERS, IDLE_WORKERS, launch, launchWithoutCookies, Relay, startSite } from './browser.ts';
import { Cookies } from './cookie.ts';
import { Keys } from './keys.ts';
import { Path } from './messages.ts';
import { startPair } from './testing.ts';
import { viewsOf } from './views.ts';
import { Visitor } from './visitor.ts';

const FROM = '192.0.2.1';

/** Checks a page with axe, which was loaded with it, and expects that the page is not wider than the window. */
async function expectAccessible(page: Page): Promise<void> {
  // With its style.
  await page.waitForLoadState('load');
  const found = await page.evaluate<{ violations: object[]; wide: number }>(`(async () => ({
    violations: (await axe.run()).violations,
    wide: document.documentElement.scrollWidth - innerWidth,
  }))()`);
  expect(found).toEqual({ violations: [], wide: 0 });
}

/** The text of the site's page, after it has loaded. */
function siteSays(page: Page): Promise<string | null> {
  return page.locator('#site').textContent({ timeout: 20_000 });
}

await describeWith(CHROMIUM, 'the page', (folder) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(folder);
  });
  afterAll(() => browser.close());

  async function open(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    return context;
  }

  /** The URL at which a browser reaches HAProxy's PROXY listener as a client with this address. */
  async function relay(haproxy: Haproxy, from: string = FROM, host: string = 'site.test'): Promise<string> {
    const { port } = stopAfterTest(await Relay.start(haproxy.httpSocket, from));
    return `http://${host}:${port}`;
  }

  describeHaproxies(
    'in Chromium',
    (release) => {
      it('solves on plain HTTP, lands where the visitor wanted to go, and is not shown again', async () => {
        const site = stopAfterTest(await startSite());
        const { haproxy } = await startPair(release, { WORK_BITS: '14,14,14' }, {}, site);
        const base = await relay(haproxy);
        const context = await open();
        const page = await context.newPage();
        const requests: string[] = [];
        context.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
        const first = await page.goto(`${base}/shop?a=1&b=%20#part`);
        expect(first?.status()).toBe(403);
        expect(await siteSays(page)).toBe('GET /shop?a=1&b=%20');
        expect(page.url()).toBe(`${base}/shop?a=1&b=%20#part`);
        expect(requests.filter((request) => !request.includes(` ${base}/`))).toEqual([]);
        // Another page, and back: the browser shows the site, not the challenge.
        expect((await page.goto(`${base}/next`))?.status()).toBe(200);
        await page.goBack();
        expect(await siteSays(page)).toBe('GET /shop?a=1&b=%20');
        const [cookie] = (await context.cookies(base)).filter(({ name }) => name === 'bv');
        expect(cookie).toMatchObject({ httpOnly: true, secure: false, sameSite: 'Lax', path: '/' });

        // From another address, or on another host, the cookie is not valid.
        const thief = await open({ javaScriptEnabled: false });
        const tab = await thief.newPage();
        for (const place of [await relay(haproxy, '192.0.2.2'), await relay(haproxy, FROM, 'other.test')]) {
          await thief.addCookies([{ name: 'bv', value: cookie?.value ?? '', url: place }]);
          expect((await tab.goto(`${place}/`))?.status()).toBe(403);
        }
        await haproxy.says(/192\.0\.2\.2:\d+ GET \/ 403 .* cookie=forged/);
      });

      it('passes two tabs at once, and a visitor whose workers die', async () => {
        const site = stopAfterTest(await startSite());
        const { haproxy } = await startPair(release, { WORK_BITS: '14,14,14' }, {}, site);
        const base = await relay(haproxy);
        const context = await open();
        const tabs = await Promise.all([context.newPage(), context.newPage()]);
        await Promise.all(tabs.map((tab, index) => tab.goto(`${base}/tab${index}`)));
        expect(await Promise.all(tabs.map(siteSays))).toEqual(['GET /tab0', 'GET /tab1']);
        const poor = await open();
        const page = await poor.newPage();
        await page.addInitScript(DYING_WORKERS);
        await page.goto(`${base}/`);
        expect(await siteSays(page)).toBe('GET /');
      });

      it('works without JavaScript, by keyboard', async () => {
        const site = stopAfterTest(await startSite());
        const { haproxy } = await startPair(release, {}, {}, site);
        const page = await (await open({ javaScriptEnabled: false, locale: 'de-DE' })).newPage();
        await page.goto(`${await relay(haproxy)}/shop?a=1`);
        expect(await page.locator('html').getAttribute('lang')).toBe('de');
        await page.waitForTimeout(1_100);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        expect(await siteSays(page)).toBe('GET /shop?a=1');
      });

      it('tells a visitor that the site did not get his form, and lets him send it again', async () => {
        const site = stopAfterTest(await startSite());
        const { haproxy } = await startPair(release, {}, {}, site);
        const base = await relay(haproxy);
        const page = await (await open()).newPage();
        await page.goto(`${base}/api/form`);
        await page.locator('input').fill('a book');
        await page.keyboard.press('Enter');
        await page.locator('#back').waitFor();
        expect(await page.locator('main').textContent()).toContain('What you sent was not passed on');
        await page.locator('#back').click();
        await page.locator('input').waitFor();
        expect(await page.locator('input').inputValue()).toBe('a book');
        await page.locator('input').press('Enter');
        expect(await siteSays(page)).toBe('POST /order');
      });

      it('says in a sentence that cookies are switched off', async () => {
        const { haproxy } = await startPair(release);
        const base = await relay(haproxy);
        const context = await launchWithoutCookies(folder, stopAfterTest(await TemporaryFolder.make()).path);
        onTestFinished(() => context.close());
        const page = await context.newPage();
        let loads = 0;
        page.on('request', (request) => (loads += Number(request.isNavigationRequest())));
        await page.goto(`${base}/`);
        await expect.poll(() => page.locator('#status').textContent()).toMatch(/does not keep cookies/);
        expect(loads).toBeLessThanOrEqual(2);
        expect(await page.locator('#again').isVisible()).toBe(true);
      });

      it('keeps out expired cookies and those of a retired key, and solves again', async () => {
        const KEYS = stopAfterTest(await TemporaryFolder.make()).file('keys');
        const [old, current] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
        await writeFile(KEYS, `${current}\n${old}\n`);
        const site = stopAfterTest(await startSite());
        const { agent, haproxy } = await startPair(release, { KEYS }, {}, site);
        const base = await relay(haproxy);
        const context = await open({ javaScriptEnabled: false });
        const page = await context.newPage();
        const visit = async (key: string | undefined, ageS: number): Promise<number | undefined> => {
          const visitor = new Visitor();
          const { src, host } = viewsOf({ src: FROM, host: 'site.test' });
          visitor.read(src, host);
          const cookies = new Cookies(
            () => new Keys(key ?? ''),
            3_600,
            () => Date.now() - ageS * 1_000,
          );
          const [, value = ''] = /^bv=([^;]*)/.exec(cookies.make(1, visitor, false)) ?? [];
          await context.addCookies([{ name: 'bv', value, url: base }]);
          return (await page.goto(`${base}/`))?.status();
        };
        expect(await visit(current, 0)).toBe(200);
        expect(await visit(old, 0)).toBe(200);
        expect(await visit(current, 3_700)).toBe(403);
        await writeFile(KEYS, `${current}\n`);
        agent.signal('SIGHUP');
        await agent.says(/read .*keys again on SIGHUP/);
        expect(await visit(old, 0)).toBe(403);
        expect(await visit(current, 0)).toBe(200);
      });

      it('solves over HTTPS, with a cookie for HTTPS only', async () => {
        const certificates = stopAfterTest(await TemporaryFolder.make());
        const script = fileURLToPath(new URL('../tls/make-certificates.sh', import.meta.url));
        execFileSync(script, [certificates.path], { timeout: 60_000 });
        const site = stopAfterTest(await startSite());
        const port = await freePort();
        const env = { CERTIFICATE: certificates.file('haproxy.pem'), HTTPS_ADDR: `127.0.0.1:${port}` };
        const { haproxy } = await startPair(release, {}, env, site);
        const base = `https://site.test:${port}`;
        const context = await open({ ignoreHTTPSErrors: true });
        const page = await context.newPage();
        expect((await page.goto(`${base}/shop`))?.status()).toBe(403);
        expect(await siteSays(page)).toBe('GET /shop');
        const cookies = (await context.cookies(base)).filter(({ name }) => name.endsWith('bv'));
        expect(cookies).toMatchObject([
          { name: '__Host-bv', httpOnly: true, secure: true, sameSite: 'Lax', path: '/' },
        ]);
        expect(haproxy.log).not.toContain('cookie=forged');
      });

      it('is found to be accessible, in both themes, and fits a phone', async () => {
        const { haproxy } = await startPair(release);
        const base = await relay(haproxy);
        for (const options of [
          { colorScheme: 'light', viewport: { width: 1_000, height: 700 } },
          { colorScheme: 'dark', viewport: { width: 320, height: 568 }, reducedMotion: 'reduce', locale: 'pt-PT' },
        ] as const) {
          // axe is a script of ours: the page's own policy would refuse it.
          const context = await open({ ...options, bypassCSP: true });
          await context.addInitScript(IDLE_WORKERS);
          await context.addInitScript(axe.source);
          const page = await context.newPage();
          await page.goto(`${base}/`);
          await page.locator('progress').waitFor();
          expect(await page.locator('main').ariaSnapshot()).toMatch(
            /- heading "[^"]*" \[level=1\][^]*progressbar [^]*- status: /,
          );
          await expectAccessible(page);
          // The page after a refused form.
          await page.setContent(`<form method="post" action="${base}${Path.form}"><button>go</button></form>`);
          await page.locator('button').click();
          await page.locator('.support').waitFor();
          await expectAccessible(page);
        }
      });
    },
    ['forky'],
  );
});
