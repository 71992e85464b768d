import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, constantFrom, integer, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cookies } from './cookie.ts';
import { Keys } from './keys.ts';
import type { Reason } from './messages.ts';
import { viewsOf } from './views.ts';
import { Visitor } from './visitor.ts';

const NOW_MS = 1_800_000_000_000;
const keys = new Keys(`${Buffer.alloc(32, 1).toString('base64')}\n${Buffer.alloc(32, 2).toString('base64')}`);

interface Place {
  readonly src?: string;
  readonly host?: string;
}
const HERE: Place = { src: '192.0.2.1', host: 'site.test' };

function visitorOf(place: Place): Visitor {
  const { src, host } = viewsOf(place);
  const visitor = new Visitor();
  visitor.read(src, host);
  return visitor;
}

/** Name and value of a cookie of level 2. */
function make({ place = HERE, by = keys, isHttps = false, level = 2 } = {}): string {
  const made = new Cookies(
    () => by,
    3_600,
    () => NOW_MS,
  ).make(level, visitorOf(place), isHttps);
  return made.replace(/;.*/, '');
}

function check(cookie: string, { place = HERE, by = keys, level = 1, nowMs = NOW_MS } = {}): Reason {
  const { query } = viewsOf({ text: cookie });
  return new Cookies(
    () => by,
    3_600,
    () => nowMs,
  ).check(query, level, visitorOf(place));
}

describe('a cookie', () => {
  it('has attributes, which are stricter over HTTPS', () => {
    const cookies = new Cookies(
      () => keys,
      3_600,
      () => NOW_MS,
    );
    expect(cookies.make(1, visitorOf(HERE), false)).toMatch(
      /^bv=[\w-]{52}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/,
    );
    expect(cookies.make(1, visitorOf(HERE), true)).toMatch(
      /^__Host-bv=[\w-]{52}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  it('is valid for its level and below, for its host in any spelling, and for the /64 of IPv6', () => {
    expect(check(make())).toBe('cookie');
    expect(check(`lang=de; ${make()}; x`)).toBe('cookie');
    expect(check(make({ isHttps: true }), { level: 2 })).toBe('cookie');
    expect(check(make(), { level: 3 })).toBe('level');
    expect(check(make(), { place: { src: '::ffff:192.0.2.1', host: 'SITE.Test:8080' } })).toBe('cookie');
    const place = { src: '2001:db8::1', host: '[::1]' };
    expect(check(make({ place }), { place: { src: '2001:db8::ffff', host: '[::1]:80' } })).toBe('cookie');
    expect(check(make({ place }), { place: { ...place, src: '2001:db8:0:1::1' } })).toBe('forged');
  });

  it.each([
    ['another address', { ...HERE, src: '192.0.2.2' }],
    ['no address', { host: 'site.test' }],
    ['another host', { ...HERE, host: 'site.tes' }],
    ['no host', { src: '192.0.2.1' }],
  ])('is not valid for %s', (_, place) => {
    expect(check(make(), { place })).toBe('forged');
  });

  it('is valid until it expires, and 5 s longer for the clocks of other agents', () => {
    expect(check(make(), { nowMs: NOW_MS + 3_605_000 })).toBe('cookie');
    expect(check(make(), { nowMs: NOW_MS + 3_605_001 })).toBe('expired');
  });

  it('is refused if two have its name, even if one is right', () => {
    const cookie = make();
    for (const field of [`${cookie}; ${cookie}`, `bv=; ${cookie}`, `${cookie};bv=x`])
      expect(check(field)).toBe('several');
    expect(check(`bv=x; bv=y; ${make({ isHttps: true })}`)).toBe('cookie');
  });

  it('is missing or malformed otherwise', () => {
    for (const field of ['', 'a=b', 'xbv=1', `BV=${make().slice(3)}`]) expect(check(field)).toBe('missing');
    for (const field of ['bv=', 'bv=x', `${make()}=`, `${make()}A`, make().slice(0, -1)]) {
      expect(check(field)).toBe('malformed');
    }
  });

  it('has one spelling', () => {
    const value = make().slice(3);
    for (const other of [
      `"${value}"`,
      `"${value}`,
      `${value}"`,
      `""${value}""`,
      `'${value}'`,
      `" ${value}"`,
      `%22${value}%22`,
    ]) {
      expect(check(`bv=${other}`)).toBe('malformed');
    }
  });

  it('takes no memory if it is refused by its shape', { timeout: 120_000 }, () => {
    const program = fileURLToPath(new URL('cookie-allocations.ts', import.meta.url));
    const flags = ['--expose-gc', '--conditions=@spop/source', '--disable-warning=ExperimentalWarning'];
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const proof = {
      bytesPerCall: 0,
      controls: { object: expect.any(Number) as number, number: expect.any(Number) as number },
    };
    expect(JSON.parse(stdout)).toEqual({
      missing: proof,
      empty: proof,
      short: proof,
      'not base64url': proof,
      'of another purpose': proof,
      quoted: proof,
      several: proof,
      // Its signature is checked, which needs memory: so the proof sees what there is.
      forged: expect.stringMatching(/to allocate nothing; found [\d.]+ bytes of heap per call/) as string,
    });
  });

  it('is valid while its key is in the file, in any place', () => {
    const [first = '', second = ''] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64'));
    const old = make({ by: new Keys(first) });
    expect(check(old, { by: new Keys(`${second}\n${first}`) })).toBe('cookie');
    expect(check(old, { by: new Keys(second) })).toBe('unknown key');
    expect(check(make({ by: new Keys(`${second}\n${first}`) }), { by: new Keys(second) })).toBe('cookie');
  });

  it('does not pass with any character changed, nor in any other spelling', () => {
    const cookie = make();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. "%\u0000é';
    for (let at = 3; at < cookie.length; at++) {
      for (const other of alphabet) {
        if (other === cookie[at]) continue;
        expect(check(cookie.slice(0, at) + other + cookie.slice(at + 1))).not.toBe('cookie');
      }
    }
  });

  it('does not pass with anything inserted, cut out or swapped', () => {
    const cookie = make();
    const place = integer({ min: 3, max: cookie.length });
    assert(
      property(place, place, uint8Array({ maxLength: 3 }), constantFrom(0, 1, 2), (from, to, inserted, cut) => {
        const insert = Buffer.from(inserted).toString('latin1');
        const changed = cookie.slice(0, from) + insert + cookie.slice(Math.min(from, to) + cut);
        const value = changed.replace(/;[^]*/, '').replace(/^bv=[ \t]*|[ \t]*$/g, '');
        expect(check(changed) === 'cookie').toBe(value === cookie.slice(3));
      }),
      { numRuns: 1_000 },
    );
  });
});
