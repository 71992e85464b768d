import { SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeCookie, readCookie, verify } from './captcha.ts';
import { Verifier } from './testing.ts';

const KEY = Buffer.from('a key of more than thirty-two bytes');
const SETTINGS = {
  siteKey: 'site',
  secretKey: 'the-secret',
  frontendKey: 'cf-turnstile',
  frontendJs: '',
  verifyUrl: '',
  signingKey: KEY,
  pendingS: 60,
  passedS: 3_600,
};
const CLIENT = '192.0.2.7';

const valueOf = (cookie: string): string => /=([^;]+)/.exec(cookie)?.[1] ?? '';

afterEach(() => void vi.useRealTimers());

describe('the cookie of a captcha', () => {
  it('has the visitor’s state until it expires, exact to the second', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const pending = valueOf(await makeCookie(SETTINGS, 'pending', CLIENT, false));
    const valid = valueOf(await makeCookie(SETTINGS, 'valid', CLIENT, false));
    const read = async (): Promise<unknown> => [
      await readCookie(SETTINGS, pending, CLIENT),
      await readCookie(SETTINGS, valid, CLIENT),
    ];
    vi.setSystemTime(1_800_000_059_999);
    expect(await read()).toEqual(['pending', 'valid']);
    vi.setSystemTime(1_800_000_060_000);
    expect(await read()).toEqual([undefined, 'valid']);
    vi.setSystemTime(1_800_003_599_999);
    expect(await read()).toEqual([undefined, 'valid']);
    vi.setSystemTime(1_800_003_600_000);
    expect(await read()).toEqual([undefined, undefined]);
  });

  it('is hidden from scripts, and for TLS only if the visit is', async () => {
    expect(await makeCookie(SETTINGS, 'pending', CLIENT, false)).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await makeCookie(SETTINGS, 'pending', CLIENT, true)).toMatch(/; Secure$/);
  });

  it('is valid for one address and one key, and only unchanged', async () => {
    const cookie = valueOf(await makeCookie(SETTINGS, 'valid', CLIENT, false));
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${cookie.split('.')[1]}.`;
    const sign = (claims: SignJWT): Promise<string> => claims.setProtectedHeader({ alg: 'HS256' }).sign(KEY);
    const others = [
      readCookie(SETTINGS, cookie, '192.0.2.8'),
      readCookie({ ...SETTINGS, signingKey: Buffer.from(`${KEY.toString()}2`) }, cookie, CLIENT),
      readCookie(SETTINGS, `${cookie.slice(0, -3)}AAA`, CLIENT),
      readCookie(SETTINGS, unsigned, CLIENT),
      readCookie(SETTINGS, 'x', CLIENT),
      readCookie(SETTINGS, '', CLIENT),
      readCookie(SETTINGS, undefined, CLIENT),
      // Without an expiry, or with another state.
      readCookie(SETTINGS, await sign(new SignJWT({ st: 'valid' }).setSubject(CLIENT)), CLIENT),
      readCookie(SETTINGS, await sign(new SignJWT({ st: 'x' }).setSubject(CLIENT).setExpirationTime('1h')), CLIENT),
    ];
    expect(await Promise.all(others)).toEqual(others.map(() => undefined));
  });
});

describe('verify', () => {
  it('asks the provider, and fails if that does not answer', async () => {
    const verifier = await new Verifier().start();
    const ask = (solution: string, timeoutMs = 5_000): Promise<boolean> =>
      verify({ ...SETTINGS, verifyUrl: verifier.url }, solution, CLIENT, timeoutMs);
    expect([await ask('right'), await ask('wrong')]).toEqual([true, false]);
    verifier.trouble = 'malformed';
    await expect(ask('right')).rejects.toThrow();
    verifier.trouble = 500;
    await expect(ask('right')).rejects.toThrow();
    verifier.trouble = 'hang';
    await expect(ask('right', 50)).rejects.toThrow(/timeout/);
    verifier.stop();
    await expect(ask('right')).rejects.toThrow();
  });
});
