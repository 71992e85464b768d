import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Hosts } from './hosts.ts';

const hostsOf = (...patterns: readonly string[]): Hosts =>
  new Hosts(JSON.stringify({ hosts: patterns.map((host) => ({ host })) }));

describe('Hosts', () => {
  it('finds the most specific pattern, in any order', () => {
    const hosts = hostsOf(
      '*',
      '*.example.com',
      'www.example.com',
      '*.shop.example.com',
      'w??.example.com',
      '[ab].test',
    );
    const found = [
      'www.example.com',
      'web.example.com',
      'other.example.com',
      'a.b.example.com',
      'a.shop.example.com',
      'example.com',
      'a.test',
      'c.test',
      '',
      'a/b',
    ].map((name) => hosts.find(name)?.pattern);
    expect(found).toEqual([
      'www.example.com',
      'w??.example.com',
      '*.example.com',
      '*.example.com',
      '*.shop.example.com',
      '*',
      '[ab].test',
      '*',
      undefined,
      undefined,
    ]);
  });

  it('reads CrowdSec’s settings of a host', () => {
    const hosts = new Hosts(`
hosts:
  - host: "*.Example.com"
    ban:
      contact_us_url: "mailto:me@example.com"
    captcha:
      provider: hcaptcha
      site_key: "123"
      secret_key: "456"
      signing_key: "0123456789abcdef0123456789abcdef"
      passed_ttl: 1h30m
    appsec:
      url: http://127.0.0.1:7422/
      always_send: true
  - host: "*"
    captcha:
      fallback_remediation: allow
`);
    expect(hosts.find('www.example.com')).toMatchObject({
      contactUsUrl: 'mailto:me@example.com',
      captcha: { siteKey: '123', frontendKey: 'h-captcha', pendingS: 1_800, passedS: 5_400 },
      fallbackRemediation: 'ban',
      appsecUrl: 'http://127.0.0.1:7422/',
      alwaysSend: true,
    });
    expect(hosts.find('other.test')).toMatchObject({ captcha: undefined, fallbackRemediation: 'allow' });
  });

  it('reads its own example, and a file without hosts', () => {
    expect(new Hosts(readFileSync(new URL('hosts.yaml', import.meta.url), 'utf8')).find('a.test')).toBeDefined();
    expect(new Hosts('').find('a.test')).toBeUndefined();
    expect(new Hosts('hosts:').find('a.test')).toBeUndefined();
  });

  const captcha = 'provider: turnstile, site_key: a, secret_key: b';
  const signed = `${captcha}, signing_key: 0123456789abcdef0123456789abcdef`;
  it.each([
    ['- x', 'the file: expected keys and values'],
    ['hosts:\n- secret_key: "hidden', 'line 2: expected YAML: MISSING_CHAR'],
    ['hosts: x', 'the file: found a value of hosts that it cannot have'],
    ['host: x', 'the file: expected hosts; found host'],
    ['hosts: [{}]', 'host 1: expected host, such as "*.example.com"'],
    ['hosts: [{ host: a }, { host: b, log_level: x }]', 'host 2: expected host, ban, captcha, appsec; found log_level'],
    ['hosts: [{ host: a, ban: x }]', 'host 1, ban: expected keys and values'],
    [
      'hosts: [{ host: a, appsec: { always_send: 1 } }]',
      'host 1, appsec: found a value of always_send that it cannot have',
    ],
    [
      'hosts: [{ host: a, captcha: { provider: x } }]',
      'host 1, captcha: expected provider hcaptcha, recaptcha, turnstile',
    ],
    ['hosts: [{ host: a, captcha: { provider: turnstile } }]', 'host 1, captcha: expected site_key and secret_key'],
    [`hosts: [{ host: a, captcha: { ${captcha} } }]`, 'host 1, captcha: expected a signing_key of 32 bytes or more'],
    [
      `hosts: [{ host: a, captcha: { ${signed}, passed_ttl: 1d } }]`,
      'host 1, captcha, passed_ttl: expected a duration of 1s or more, such as 30m',
    ],
    [
      'hosts: [{ host: a, captcha: { fallback_remediation: captcha } }]',
      'host 1, captcha: expected fallback_remediation ban or allow; found captcha',
    ],
  ])('refuses %s', (text, problem) => expect(() => new Hosts(text)).toThrow(problem));
});
