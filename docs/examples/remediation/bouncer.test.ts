import { type ArgumentsInput, data } from '@spop/builder';
import { describe, expect, it, vi } from 'vitest';
import { Countries } from './countries.ts';
import { Challenges } from './challenges.ts';
import { Appsec, ask, decide, type Pair, startPair, Verifier } from './testing.ts';

const BODY = 'crowdsec-http-body';
const NO_BODY = 'crowdsec-http-no-body';
const CAPTCHA = {
  provider: 'hcaptcha',
  site_key: 'site',
  secret_key: 'the-secret',
  signing_key: 'a key of more than thirty-two bytes',
};
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

type Args = Exclude<ArgumentsInput, readonly unknown[]>;

/** A client's request to www.test, with these further headers and arguments. */
function request(client: string, headers: Readonly<Record<string, string>> = {}, more: Args = {}): Args {
  const lines = Object.entries({ host: 'www.test', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return { 'src-ip': data.address(client), headers: `${lines.join('')}\r\n`, method: 'GET', url: '/', ...more };
}

/** A form that a client posts. */
function form(client: string, cookie: unknown, fields: Readonly<Record<string, string>>): Args {
  const body = data.binary(Buffer.from(new URLSearchParams(fields).toString()));
  return request(client, { ...FORM, cookie: String(cookie).split(';')[0]! }, { method: 'POST', body });
}

const DECISIONS = [
  decide('192.0.2.7'),
  decide('192.0.2.8', { type: 'captcha' }),
  decide('192.0.2.9', { type: 'mfa' }),
  decide('2001:db8::/32', { origin: 'lists', scenario: 'scanners' }),
  decide('FR', { origin: 'cscli' }),
];

describe('decisions', () => {
  it('are set for connections and requests, and counted once', async () => {
    const { peer, metrics } = await startPair(DECISIONS, [{ host: '*', ban: { contact_us_url: 'mailto:a@b' } }]);
    const connect = (client: string): Promise<unknown> => ask(peer, 'crowdsec-tcp', { 'src-ip': data.address(client) });
    expect(await connect('192.0.2.7')).toEqual({ remediation: 'ban' });
    expect(await connect('::ffff:192.0.2.7')).toEqual({ remediation: 'ban' });
    expect(await connect('192.0.2.10')).toEqual({ remediation: 'allow' });
    const known = (remediation: string): Args => ({ remediation });
    expect(await ask(peer, BODY, request('192.0.2.7', {}, known('ban')))).toEqual({
      remediation: 'ban',
      contact_us_url: 'mailto:a@b',
    });
    expect(await ask(peer, NO_BODY, request('192.0.2.10', {}, known('allow')))).toEqual({ remediation: 'allow' });
    // The address has changed, or HAProxy has not asked about the connection.
    expect(await ask(peer, BODY, request('2001:db8::1', {}, known('allow')))).toMatchObject({ remediation: 'ban' });
    expect(await ask(peer, BODY, request('192.0.2.9'))).toEqual({ remediation: 'unknown' });
    expect(metrics()).toMatchObject({
      'crowdsec_haproxy_spoa_bouncer_processed_requests ipv4': 4,
      'crowdsec_haproxy_spoa_bouncer_blocked_requests crowdsec ipv4 ban': 2,
      'crowdsec_haproxy_spoa_bouncer_blocked_requests lists:scanners ipv6 ban': 1,
      'crowdsec_haproxy_spoa_bouncer_active_decisions crowdsec ipv4 ip': 3,
      'crowdsec_haproxy_spoa_bouncer_active_decisions lists:scanners ipv6 range': 1,
      'crowdsec_haproxy_spoa_bouncer_active_decisions cscli  country': 1,
      'crowdsec_haproxy_spoa_bouncer_ip_check_duration_seconds_count ip': 7,
      'crowdsec_haproxy_spoa_bouncer_ip_check_duration_seconds_bucket ip +Inf': 7,
    });
  });

  it('about a country apply if there is none about the address', async () => {
    const countries = new Countries(new URL('fixtures/maxmind.mmdb', import.meta.url).pathname);
    const { peer } = await startPair(DECISIONS, [{ host: '*' }], { countries });
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({ isocode: 'FR', remediation: 'ban' });
    expect(await ask(peer, BODY, request('192.0.2.9'))).toEqual({ isocode: 'FR', remediation: 'unknown' });
    expect(await ask(peer, BODY, request('198.51.100.1'))).toEqual({ isocode: 'DE', remediation: 'allow' });
    expect(await ask(peer, BODY, request('10.0.0.1'))).toEqual({ remediation: 'allow' });
  });

  it('are made by default without an address, or after a failure, which is logged', async () => {
    const countries = new Countries(new URL('fixtures/maxmind.mmdb', import.meta.url).pathname);
    const { peer, log, metrics } = await startPair(DECISIONS, [], { countries });
    const nobody = { remediation: 'allow', by_default: 'no address' };
    expect(await ask(peer, 'crowdsec-tcp', {})).toEqual(nobody);
    expect(await ask(peer, BODY, { 'src-ip': data.nil })).toEqual(nobody);
    // HAProxy never sends this.
    expect(await ask(peer, BODY, { ...request('192.0.2.7'), headers: 'x' })).toMatchObject({
      remediation: 'ban',
      by_default: 'handler failed',
    });
    vi.spyOn(countries, 'find').mockImplementation(() => {
      throw new Error('the file is damaged');
    });
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({
      remediation: 'allow',
      by_default: 'country failed',
    });
    expect(log).toEqual([
      'decided by default: no address, 1 times so far',
      'decided by default: handler failed, 1 times so far',
      'decided by default: country failed, 1 times so far: the file is damaged',
    ]);
    expect(metrics()).toMatchObject({
      'remediation_defaults_total no address': 2,
      'remediation_defaults_total handler failed': 1,
    });
  });
});

describe('a captcha', () => {
  const start = async (
    more: Readonly<Record<string, unknown>> = {},
    captchaTimeoutMs = 5_000,
  ): Promise<Pair & { verifier: Verifier }> => {
    const verifier = await new Verifier().start();
    const hosts = [
      { host: '*.test', captcha: { ...CAPTCHA, verify_url: verifier.url } },
      { host: 'plain', ...more },
    ];
    return { ...(await startPair(DECISIONS, hosts, { captchaTimeoutMs })), verifier };
  };
  const PAGE = {
    captcha_site_key: 'site',
    captcha_frontend_key: 'h-captcha',
    captcha_frontend_js: 'https://hcaptcha.com/1/api.js',
  };

  it('is shown until it is solved by the client with the cookie and the address', async () => {
    const { peer, metrics } = await start();
    const first = await ask(peer, BODY, request('192.0.2.8'));
    expect(first).toEqual({
      ...PAGE,
      remediation: 'captcha',
      captcha_status: 'pending',
      captcha_cookie: expect.stringMatching(/^crowdsec_captcha_cookie=/) as string,
    });
    const pending = first['captcha_cookie'];
    const shown = { ...PAGE, remediation: 'captcha', captcha_status: 'pending' };
    expect(await ask(peer, BODY, form('192.0.2.8', pending, { 'h-captcha-response': 'wrong' }))).toEqual(shown);
    expect(await ask(peer, BODY, form('192.0.2.8', pending, { other: 'right' }))).toEqual(shown);
    // Without the cookie, the client is unknown.
    expect(await ask(peer, BODY, form('192.0.2.8', 'a=b', { 'h-captcha-response': 'right' }))).toMatchObject(shown);
    const solved = await ask(peer, BODY, form('192.0.2.8', pending, { 'h-captcha-response': 'right' }));
    const cookie = expect.any(String) as string;
    expect(solved).toEqual({ remediation: 'allow', captcha_status: 'valid', redirect: '1', captcha_cookie: cookie });
    const valid = String(solved['captcha_cookie']).split(';')[0]!;
    expect(await ask(peer, BODY, request('192.0.2.8', { cookie: `a=b; ${valid}` }))).toEqual({
      remediation: 'allow',
      captcha_status: 'valid',
    });
    // Two cookies: one belongs to another client.
    expect(await ask(peer, BODY, request('192.0.2.8', { cookie: `${valid}; ${valid}` }))).toMatchObject(shown);
    expect(metrics()['crowdsec_haproxy_spoa_bouncer_captcha_validation_duration_seconds_count']).toBe(2);
  });

  it('does not lift a ban, even if it is solved', async () => {
    const { peer, table } = await start();
    const { captcha_cookie: pending } = await ask(peer, BODY, request('192.0.2.8'));
    const solve = (cookie: unknown): ReturnType<typeof ask> =>
      ask(peer, BODY, form('192.0.2.8', cookie, { 'h-captcha-response': 'right' }));
    const { captcha_cookie: valid } = await solve(pending);
    const ban = { scope: 'ip', value: '192.0.2.8', remediation: 'ban', origin: '', durationMs: 60_000 } as const;
    table.add(ban, performance.now());
    for (const cookie of [pending, valid]) expect(await solve(cookie)).toEqual({ remediation: 'ban' });
  });

  it('stays if it cannot be verified, which is logged', async () => {
    const { peer, verifier, log } = await start({}, 200);
    const { captcha_cookie: pending } = await ask(peer, BODY, request('192.0.2.8'));
    for (const trouble of ['hang', 'malformed', 500] as const) {
      verifier.trouble = trouble;
      const answer = await ask(peer, BODY, form('192.0.2.8', pending, { 'h-captcha-response': 'right' }));
      expect(answer).toMatchObject({ remediation: 'captcha', by_default: 'captcha unverified' });
    }
    expect(log).toEqual([expect.stringMatching(/^decided by default: captcha unverified, 1 times so far: .*timeout/)]);
  });

  it('is a ban, or the host’s fallback, if the host has no captcha', async () => {
    const at = (host: string): Args => request('192.0.2.8', { host });
    const { peer } = await start();
    expect(await ask(peer, BODY, at('plain'))).toEqual({ remediation: 'ban' });
    expect(await ask(peer, BODY, at('other'))).toEqual({ remediation: 'ban' });
    const { peer: mild } = await start({ captcha: { fallback_remediation: 'allow' } });
    expect(await ask(mild, BODY, at('plain'))).toEqual({ remediation: 'allow' });
  });

  it('removes its cookie when the decision is over', async () => {
    const { peer } = await start();
    const { captcha_cookie: pending } = await ask(peer, BODY, request('192.0.2.8'));
    const cookie = String(pending).split(';')[0]!;
    expect(await ask(peer, BODY, request('192.0.2.99', { cookie }))).toEqual({
      remediation: 'allow',
      captcha_cookie: expect.stringContaining('crowdsec_captcha_cookie=; Path=/; Max-Age=0;') as string,
    });
  });

  it('is still verified when the decision is over, so that the form does not reach the site', async () => {
    const { peer, table } = await start();
    const { captcha_cookie: pending } = await ask(peer, BODY, request('192.0.2.8'));
    table.remove({ scope: 'ip', value: '192.0.2.8', remediation: 'captcha', origin: '', durationMs: 0 });
    expect(await ask(peer, BODY, request('192.0.2.8'))).toEqual({ remediation: 'allow' });
    const solved = await ask(peer, BODY, form('192.0.2.8', pending, { 'h-captcha-response': 'right' }));
    expect(solved).toMatchObject({ remediation: 'allow', redirect: '1' });
  });
});

describe('inspection', () => {
  const start = async (parts: Parameters<typeof startPair>[2] = {}): Promise<Pair & { appsec: Appsec }> => {
    const appsec = await new Appsec().start();
    const hosts = [
      { host: '*.test', captcha: CAPTCHA },
      { host: 'always', appsec: { always_send: true } },
    ];
    const pair = await startPair(DECISIONS, hosts, { appsec: { url: appsec.url, apiKey: 'key' }, ...parts });
    return { ...pair, appsec };
  };
  const refuse = (action: string) => () => ({ status: 403, body: { action, user_body_content: 'page' } });

  it('covers requests that are not refused yet, or all', async () => {
    const { peer, appsec, metrics } = await start();
    const passed = { remediation: 'allow', body_complete: true };
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual(passed);
    expect(await ask(peer, BODY, request('192.0.2.7'))).toEqual({ remediation: 'ban' });
    expect(appsec.asked).toHaveLength(1);
    expect(await ask(peer, BODY, request('192.0.2.7', { host: 'always' }))).toEqual({
      remediation: 'ban',
      body_complete: true,
    });
    expect(appsec.asked).toHaveLength(2);
    appsec.decide = refuse('ban');
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({ ...passed, remediation: 'ban' });
    expect(metrics()['crowdsec_haproxy_spoa_bouncer_blocked_requests appsec ipv4 ban']).toBe(1);
    appsec.decide = refuse('captcha');
    expect(await ask(peer, BODY, request('192.0.2.99'))).toMatchObject({
      remediation: 'captcha',
      captcha_site_key: 'site',
    });
    expect(await ask(peer, BODY, request('192.0.2.99', { host: 'other' }))).toEqual({ ...passed, remediation: 'ban' });
    const { captcha_cookie: pending } = await ask(peer, BODY, request('192.0.2.99'));
    expect(String(pending)).toMatch(/^crowdsec_captcha_cookie=/);
    // Its page could not be served.
    appsec.decide = refuse('challenge');
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({ ...passed, remediation: 'ban' });
  });

  it('says when it has not seen all of a body', async () => {
    const { peer, log } = await start();
    const partly = { remediation: 'allow', body_complete: false, by_default: 'body not inspected' };
    const body = data.binary(Buffer.from('12345'));
    expect(await ask(peer, NO_BODY, request('192.0.2.99', { 'content-length': '99' }))).toEqual(partly);
    expect(await ask(peer, BODY, request('192.0.2.99', { 'content-length': '6' }, { body }))).toEqual(partly);
    const whole = { remediation: 'allow', body_complete: true };
    expect(await ask(peer, BODY, request('192.0.2.99', { 'content-length': '5' }, { body }))).toEqual(whole);
    expect(log).toEqual(['decided by default: body not inspected, 1 times so far']);
  });

  it.each(['allow', 'ban'] as const)('has the failure mode %s, which is logged', async (action) => {
    const failed = { remediation: action, body_complete: true };
    const late = await start({ appsecTimeoutMs: 100, appsecFailureAction: action });
    late.appsec.trouble = 'hang';
    const startedAt = performance.now();
    expect(await ask(late.peer, BODY, request('192.0.2.99'))).toEqual({ ...failed, by_default: 'inspection late' });
    expect(performance.now() - startedAt).toBeGreaterThan(95);
    expect(late.log).toEqual([
      expect.stringMatching(/^decided by default: inspection late, 1 times so far: .*timeout/),
    ]);

    const { peer, appsec, log } = await start({ appsecFailureAction: action });
    appsec.trouble = 500;
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({ ...failed, by_default: 'inspection failed' });
    // A more severe decision stays.
    expect(await ask(peer, BODY, request('192.0.2.7', { host: 'always' }))).toMatchObject({ remediation: 'ban' });
    appsec.trouble = undefined;
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({ ...failed, remediation: 'allow' });
    expect(log).toEqual([
      'decided by default: inspection failed, 1 times so far: expected status 200 or 403; found 500',
    ]);
  });

  it('keeps the page of a challenge, and names the agent that has it', async () => {
    const challenges = new Challenges(() => Promise.resolve(undefined));
    const { peer, appsec } = await start({ challenges, agentName: 'agent7' });
    appsec.decide = refuse('challenge');
    expect(await ask(peer, BODY, request('192.0.2.99'))).toEqual({
      remediation: 'challenge',
      body_complete: true,
      challenge_url: expect.stringMatching(/^\/crowdsec-challenge\/[\w-]{36}$/) as string,
      challenge_agent: 'agent7',
    });
    expect(challenges.size).toBe(1);
  });
});
