import { describe, expect, it } from 'vitest';
import { type AppsecTarget, type Inspection, inspect, relay, targetOf } from './appsec.ts';
import { Appsec } from './testing.ts';

const REQUEST = {
  method: 'PUT',
  url: '/a?b',
  version: '2.0',
  host: 'www.test',
  userAgent: 'a browser',
  headers: [
    'accept',
    'text/html',
    'cookie',
    'a=b',
    'cookie',
    'c=d',
    'connection',
    'close',
    'x-text',
    '\u00e9\u0001',
    'host',
    'x',
  ],
  body: undefined,
};
const TIMEOUT_MS = 5_000;

async function start(status: number, body?: unknown): Promise<{ appsec: Appsec; target: AppsecTarget }> {
  const appsec = await new Appsec().start();
  appsec.decide = () => ({ status, body: body ?? '' });
  return { appsec, target: { url: appsec.url, apiKey: 'the-key' } };
}

async function verdictOf(status: number, body?: unknown): Promise<Inspection> {
  const { target } = await start(status, body);
  return inspect(target, REQUEST, '192.0.2.7', TIMEOUT_MS);
}

describe('inspect', () => {
  it.each([
    [200, { action: 'allow' }, 'allow'],
    [403, { action: 'ban' }, 'ban'],
    [403, { action: 'captcha' }, 'captcha'],
    [403, { action: 'allow' }, 'allow'],
    [403, { action: 'else' }, 'ban'],
    [403, '', 'ban'],
    [403, '{"action":', 'ban'],
    [403, '[]', 'ban'],
    [403, { action: 'challenge' }, 'ban'],
    [403, { action: 'challenge', user_body_content: '' }, 'ban'],
  ])('takes %i with %j for %s', async (status, body, remediation) => {
    expect(await verdictOf(status, body)).toEqual({ remediation });
  });

  it('reads the page of a challenge, without the headers between two programs', async () => {
    const body = {
      action: 'challenge',
      http_status: 307,
      user_body_content: 'page',
      user_headers: { Location: ['/'], Connection: ['close'], 'Content-Length': ['1'], Vary: ['a', 'b'], X: 5 },
      user_cookies: ['a=b', 'c=d'],
    };
    const headers = [
      ['Location', ['/']],
      ['Vary', ['a', 'b']],
      ['set-cookie', ['a=b', 'c=d']],
    ];
    expect(await verdictOf(403, body)).toEqual({
      remediation: 'challenge',
      page: { status: 307, headers, body: 'page' },
    });
    const least = { action: 'challenge', http_status: 7, user_body_content: 'page', user_headers: 5, user_cookies: 5 };
    expect(await verdictOf(403, least)).toMatchObject({ page: { status: 200, headers: [] } });
  });

  it('passes on all headers, and sends its own, which no client can set', async () => {
    const { appsec, target } = await start(200);
    const forged = [...REQUEST.headers, 'x-crowdsec-appsec-ip', '127.0.0.1', 'transfer-encoding', 'chunked'];
    await inspect(target, { ...REQUEST, headers: forged, body: Buffer.from('a body') }, '192.0.2.7', TIMEOUT_MS);
    const { host, ...headers } = appsec.lastHeaders;
    expect(headers).toEqual({
      'x-crowdsec-appsec-ip': '192.0.2.7',
      'x-crowdsec-appsec-uri': '/a?b',
      'x-crowdsec-appsec-host': 'www.test',
      'x-crowdsec-appsec-verb': 'PUT',
      'x-crowdsec-appsec-api-key': 'the-key',
      'x-crowdsec-appsec-user-agent': 'a browser',
      'x-crowdsec-appsec-http-version': '20',
      accept: 'text/html',
      cookie: 'a=b; c=d',
      'x-text': '\u00e9',
      'content-length': '6',
      connection: 'keep-alive',
    });
    expect(`http://${host}/`).toBe(target.url);
  });

  it.each([
    ['hang', /aborted due to timeout/],
    ['malformed', undefined],
    [500, /expected status 200 or 403; found 500/],
  ] as const)('has no verdict if the service fails: %s', async (trouble, reason) => {
    const { appsec, target } = await start(200);
    appsec.trouble = trouble;
    const asked = inspect(target, REQUEST, '192.0.2.7', trouble === 'hang' ? 50 : TIMEOUT_MS);
    // The body of status 200 is not read.
    if (reason === undefined) expect(await asked).toEqual({ remediation: 'allow' });
    else await expect(asked).rejects.toThrow(reason);
  });

  it('has no verdict while the service is gone, and has one as soon as it is back', async () => {
    const { appsec, target } = await start(403);
    expect(await inspect(target, REQUEST, '192.0.2.7', TIMEOUT_MS)).toEqual({ remediation: 'ban' });
    appsec.stop();
    await expect(inspect(target, REQUEST, '192.0.2.7', TIMEOUT_MS)).rejects.toThrow();
    await appsec.start();
    expect(await inspect(target, REQUEST, '192.0.2.7', TIMEOUT_MS)).toEqual({ remediation: 'ban' });
  });
});

describe('relay', () => {
  it('returns challenged and allowed answers, and no refused ones', async () => {
    const { appsec, target } = await start(403, { action: 'challenge', user_body_content: 'a script' });
    const ask = async (): Promise<unknown> => (await relay(target, REQUEST, '192.0.2.7', TIMEOUT_MS))?.body.toString();
    expect(await ask()).toBe('a script');
    appsec.decide = () => ({ status: 200, body: 'solved' });
    expect(await ask()).toBe('solved');
    for (const status of [403, 500]) {
      appsec.decide = () => ({ status, body: { action: 'ban' } });
      expect(await ask()).toBeUndefined();
    }
  });
});

describe('targetOf', () => {
  it('is the target of the host, else that of all hosts', () => {
    const ofAll = { url: 'http://all/', apiKey: 'all' };
    const host = { pattern: '*', contactUsUrl: undefined, captcha: undefined, fallbackRemediation: 'ban' } as const;
    const own = { ...host, appsecUrl: 'http://own/', appsecKey: 'own', alwaysSend: false };
    expect(targetOf(own, ofAll)).toEqual({ url: 'http://own/', apiKey: 'own' });
    expect(targetOf({ ...own, appsecUrl: undefined, appsecKey: undefined }, ofAll)).toEqual(ofAll);
    expect(targetOf(undefined, undefined)).toBeUndefined();
  });
});
