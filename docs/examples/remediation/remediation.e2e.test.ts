import { writeFile } from 'node:fs/promises';
import {
  connectAs,
  type Environment,
  type ExampleAgent,
  startAgent,
  startHaproxy,
  startMirror,
} from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import type { Answer, RequestOptions } from '@spop-internal/testbed/http-client';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { inTime } from '../shared/testing.ts';
import { AGENT, Appsec, decide, Lapi, LAPI_KEY, Verifier } from './testing.ts';

const CONFIG = new URL('haproxy.cfg', import.meta.url);
const COUNTRY_DB = new URL('fixtures/maxmind.mmdb', import.meta.url).pathname;
const HTML = { accept: 'text/html,*/*' };
const FORM = { ...HTML, 'content-type': 'application/x-www-form-urlencoded' };

interface Site {
  readonly lapi: Lapi;
  readonly appsec: Appsec;
  readonly verifier: Verifier;
  readonly agents: readonly ExampleAgent[];
  readonly haproxy: Haproxy;
}

/** The whole setup: doubles, agents, and HAProxy in front of a site that echoes its request. */
async function startSite(
  release: HaproxyRelease,
  env: Environment = {},
  names = ['agent1'],
  config = CONFIG,
): Promise<Site> {
  const lapi = await new Lapi()
    .add(decide('192.0.2.7'), decide('192.0.2.0/28', { type: 'captcha', origin: 'lists', scenario: 'scanners' }))
    .add(decide('2001:db8:bad::/48'), decide('DE', { origin: 'cscli' }))
    .start();
  const appsec = await new Appsec().start();
  const verifier = await new Verifier().start();
  const HOSTS = stopAfterTest(await TemporaryFolder.make()).file('hosts.yaml');
  const captcha = {
    provider: 'turnstile',
    site_key: 'the-site-key',
    secret_key: 'the-secret',
    signing_key: 'a key of more than thirty-two bytes',
    verify_url: verifier.url,
  };
  await writeFile(HOSTS, JSON.stringify({ hosts: [{ host: '*.test', captcha }, { host: 'plain.test' }] }));
  const settings = {
    LAPI_KEY,
    LAPI_URL: lapi.url,
    UPDATE_FREQUENCY_S: '1',
    HOSTS,
    COUNTRY_DB,
    APPSEC_URL: appsec.url,
    // A busy machine needs longer limits than a real site; another test covers late answers.
    APPSEC_TIMEOUT_MS: '900',
    CHALLENGE_ADDR: '127.0.0.1:0',
    METRICS_ADDR: '127.0.0.1:0',
  };
  const agents = await Promise.all(names.map((name) => startAgent(AGENT, { ...settings, AGENT_NAME: name, ...env })));
  const challenges = await Promise.all(agents.map(({ agent }) => agent.says(/^challenges on (\S+)$/m)));
  const addresses: Environment = { CHALLENGE_ADDR: challenges[0]! };
  const second = agents[1] && { SPOE2_ADDR: agents[1].spoeAddress, CHALLENGE2_ADDR: challenges[1]! };
  const haproxy = await startHaproxy(
    release,
    config,
    agents[0]!.spoeAddress,
    { ...addresses, ...second },
    await startMirror(),
  );
  return { lapi, appsec, verifier, agents, haproxy };
}

/** One request; a busy machine may miss HAProxy's deadline, error 1, and is then asked again. */
async function ask({ haproxy }: Site, from: string, { headers, ...options }: RequestOptions = {}): Promise<Answer> {
  const client = connectAs(from, haproxy);
  return inTime(() => client.request({ headers: { host: 'www.test', ...HTML, ...headers }, ...options }));
}

/** The request that the site saw; undefined if it saw none. */
function requestSeenBy({ body }: Answer): { url: string; headers: Record<string, string> } | undefined {
  return body.startsWith('{"url"') ? (JSON.parse(body) as { url: string; headers: Record<string, string> }) : undefined;
}

/** The metrics of an agent, as text. */
async function metricsOf({ agent }: ExampleAgent): Promise<string> {
  const address = await agent.says(/^metrics on\s+(\S+)$/m);
  return (await fetch(`http://${address}/metrics`)).text();
}

describeHaproxies('the remediation example', (release) => {
  it('applies decisions about addresses, ranges and countries, and shows captchas and challenges', async () => {
    const site = await startSite(release);
    const { appsec } = site;
    const passed = await ask(site, '192.0.2.99', { path: '/page?a=b', headers: { 'x-crowdsec-remediation': 'x' } });
    expect(passed.headers['x-verdict-source']).toBe('agent');
    expect(requestSeenBy(passed)).toMatchObject({
      url: '/page?a=b',
      headers: { 'x-crowdsec-remediation': 'allow', 'x-crowdsec-isocode': 'FR' },
    });
    expect(appsec.lastHeaders).toMatchObject({
      'x-crowdsec-appsec-ip': '192.0.2.99',
      'x-crowdsec-appsec-uri': '/page?a=b',
      'x-crowdsec-appsec-host': 'www.test',
      'x-crowdsec-appsec-verb': 'GET',
      'x-crowdsec-appsec-http-version': '11',
      'x-crowdsec-appsec-api-key': LAPI_KEY,
      accept: HTML.accept,
    });

    const statuses: unknown[] = [];
    for (const from of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:bad::1', '198.51.100.1', '2001:db8::1']) {
      const { status, headers, body } = await ask(site, from);
      statuses.push([from, status, headers['content-type'], body.includes('Access denied')]);
    }
    expect(statuses).toEqual([
      ['192.0.2.7', 403, 'text/html', true],
      ['::ffff:192.0.2.7', 403, 'text/html', true],
      ['2001:db8:bad::1', 403, 'text/html', true],
      ['198.51.100.1', 403, 'text/html', true],
      ['2001:db8::1', 200, undefined, false],
    ]);

    // A captcha, solved in the second try.
    const shown = await ask(site, '192.0.2.8', { path: '//evil.test/a?b' });
    expect(shown).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(shown.body).toMatch(/class="cf-turnstile"\s+data-sitekey="the-site-key"/);
    const cookie = /^[^;]+/.exec(shown.headers['set-cookie'] ?? '')?.[0] ?? '';
    const solve = (solution: string): Promise<Answer> =>
      ask(site, '192.0.2.8', {
        path: '//evil.test/a?b',
        headers: { ...FORM, cookie },
        body: `cf-turnstile-response=${solution}`,
      });
    expect((await solve('wrong')).body).toContain('the-site-key');
    const solved = await solve('right');
    expect(solved).toMatchObject({ status: 303, headers: { location: '/evil.test/a?b' } });
    const valid = /^[^;]+/.exec(solved.headers['set-cookie'] ?? '')?.[0] ?? '';
    expect(requestSeenBy(await ask(site, '192.0.2.8', { headers: { cookie: valid } }))).toBeDefined();
    // The cookie is valid for that visitor only; hosts without a captcha ban instead.
    expect((await ask(site, '192.0.2.9', { headers: { cookie: valid } })).body).toContain('the-site-key');
    expect((await ask(site, '192.0.2.9', { headers: { host: 'plain.test' } })).status).toBe(403);

    // Bodies are inspected; too large ones are not, which is logged.
    appsec.decide = (_, body) => ({ status: body.includes('attack') ? 403 : 200, body: { action: 'ban' } });
    expect((await ask(site, '192.0.2.99', { body: 'an attack' })).status).toBe(403);
    expect((await ask(site, '192.0.2.99', { body: `${'x'.repeat(51_190)}attack` })).status).toBe(403);
    expect(requestSeenBy(await ask(site, '192.0.2.99', { body: 'no harm' }))).toBeDefined();
    expect(requestSeenBy(await ask(site, '192.0.2.99', { body: `${'x'.repeat(51_200)}attack` }))).toBeDefined();
    await site.haproxy.says(/ POST \/ 200 .* by=default default=body not inspected body_complete=0 spoe=-/);

    // HAProxy refuses requests that it cannot ask about.
    expect((await ask(site, '192.0.2.99', { path: `/${'x'.repeat(16_384)}` })).status).toBe(414);
    expect((await ask(site, '192.0.2.99', { headers: { x: 'x'.repeat(24_577) } })).status).toBe(431);
    const largest = { path: `/${'x'.repeat(16_383)}`, headers: { x: 'x'.repeat(24_000) }, body: 'x'.repeat(20_000) };
    // This site accepts less; the test only needs to know that it was asked.
    const { headers: told } = await ask(site, '192.0.2.99', largest);
    expect([told['x-verdict-source'], told['x-spoe-error']]).toEqual(['default', undefined]);

    // A challenge: its page comes from the agent, and the page's own requests go to AppSec.
    appsec.decide = () => ({ status: 403, body: challenge('the challenge') });
    const challenged = await ask(site, '192.0.2.99', { path: '/page?a=b' });
    expect(challenged).toMatchObject({
      status: 200,
      body: 'the challenge',
      headers: { 'content-type': 'text/html; charset=utf-8', 'set-cookie': '__crowdsec_challenge=1,other=2' },
    });
    appsec.decide = (request) => ({ status: 200, body: request.headers['x-crowdsec-appsec-uri'], cookie: 'solved=1' });
    expect(await ask(site, '192.0.2.99', { path: '/crowdsec-internal/challenge/submit', body: 'x' })).toMatchObject({
      body: '/crowdsec-internal/challenge/submit',
      headers: { 'set-cookie': 'solved=1' },
    });
    // A captcha may have been solved before; a ban cannot be.
    const part = { path: '/crowdsec-internal/challenge/x.js' };
    expect((await ask(site, '192.0.2.9', part)).body).toBe(part.path);
    expect((await ask(site, '192.0.2.7', part)).status).toBe(403);
  });

  // One release is enough for the parts that do not depend on HAProxy.
  if (release.name !== 'forky') return;

  it.each(['haproxy-session.cfg', 'haproxy-stick-table.cfg'])('asks less often with %s', async (config) => {
    const site = await startSite(release, { APPSEC_URL: '' }, ['agent1'], new URL(config, import.meta.url));
    const asked = async (): Promise<number> =>
      Number(/notifies_total (\d+)/.exec(await metricsOf(site.agents[0]!))?.[1]);
    const allowed = connectAs('192.0.2.99', site.haproxy);
    const isSite = async (): Promise<boolean> => requestSeenBy(await allowed.request({ headers: HTML })) !== undefined;
    expect([await isSite(), await isSite(), await isSite()]).toEqual([true, true, true]);
    expect(await asked()).toBe(1);
    expect(requestSeenBy(await ask(site, '192.0.2.99'))).toMatchObject({
      headers: { 'x-crowdsec-remediation': 'allow' },
    });
    expect(await asked()).toBe(config.includes('session') ? 2 : 1);
    // HAProxy asks each time about a client that is not allowed.
    const before = await asked();
    const refused = connectAs('192.0.2.8', site.haproxy);
    const visit = (): Promise<Answer> => refused.request({ headers: { ...HTML, host: 'www.test' } });
    expect((await visit()).body).toContain('the-site-key');
    const { 'set-cookie': pending = '' } = (await visit()).headers;
    const solved = await refused.request({
      headers: { ...FORM, host: 'www.test', cookie: pending.split(';')[0]! },
      body: 'cf-turnstile-response=right',
    });
    expect(solved.status).toBe(303);
    expect((await visit()).body).toContain('the-site-key');
    expect(await asked()).toBe(before + 4);
    expect((await ask(site, '192.0.2.7')).status).toBe(403);
  });

  it('fetches the page of a challenge from the agent that has it, of two', async () => {
    const site = await startSite(release, {}, ['agent1', 'agent2']);
    let count = 0;
    site.appsec.decide = () => ({ status: 403, body: challenge(`challenge ${++count}`) });
    const clients = Array.from({ length: 4 }, () => connectAs('192.0.2.99', site.haproxy));
    const ask = async (at: number): Promise<unknown> => {
      let answer: Answer;
      // On a busy machine some answers are decided by default, without the agent.
      do answer = await clients[at % 4]!.request({ headers: { host: 'www.test' } });
      while (answer.headers['x-verdict-source'] !== 'agent');
      return [answer.status, /^challenge \d+$/.test(answer.body)];
    };
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(at)));
    expect(answers).toEqual(answers.map(() => [200, true]));
    expect(count).toBeGreaterThanOrEqual(40);
    const asked = await Promise.all(
      site.agents.map(async (agent) => /notifies_total (\d+)/.exec(await metricsOf(agent))?.[1]),
    );
    expect(Math.min(...asked.map(Number))).toBeGreaterThan(10);
  });

  it('goes on when AppSec or the agent is late or gone, and logs it', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const SPOE_ADDR = `unix:${folder.file('agent.sock')}`;
    const site = await startSite(release, { SPOE_ADDR, APPSEC_TIMEOUT_MS: '200' });
    const { agent } = site.agents[0]!;
    const client = connectAs('192.0.2.99', site.haproxy);
    const visit = async (): Promise<unknown> => {
      const answer = await client.request({ headers: { host: 'www.test' } });
      return [answer.status, answer.headers['x-verdict-source'], answer.headers['x-spoe-error']];
    };
    site.appsec.trouble = 'hang';
    expect(await visit()).toEqual([200, 'default', undefined]);
    await site.haproxy.says(/ 200 .* remediation=allow by=default default=inspection late body_complete=1 spoe=-/);
    await agent.says(/decided by default: inspection late, 1 times so far: .*timeout/);
    site.appsec.trouble = undefined;
    await expect.poll(visit, { timeout: 10_000 }).toEqual([200, 'agent', undefined]);
    agent.signal('SIGSTOP');
    expect(await visit()).toEqual([200, 'deadline', '1']);
    await site.haproxy.says(/ 200 .* remediation=- by=deadline default=- body_complete=- spoe=1/);
    agent.signal('SIGCONT');
    expect(await agent.stop()).toBe('exit code 0');
    await site.haproxy.says(/spoe-agents\/agent1 is DOWN/);
    expect(await visit()).toEqual([200, 'default', expect.stringMatching(/^(2|257)$/)]);
    expect(await site.haproxy.command('show table verdicts')).toMatch(/key=deadline .*http_req_cnt=[1-9]/);
  });
});

function challenge(body: string): Readonly<Record<string, unknown>> {
  const headers = { 'Content-Type': ['text/html; charset=utf-8'], 'Content-Length': ['1'] };
  return {
    action: 'challenge',
    http_status: 200,
    user_body_content: body,
    user_headers: headers,
    user_cookies: ['__crowdsec_challenge=1', 'other=2'],
  };
}
