import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ChallengeRelay } from './challenge-relay.ts';
import { Challenges } from './challenges.ts';
import { Hosts } from './hosts.ts';
import { Appsec } from './testing.ts';

const CLIENT = { 'x-crowdsec-real-src': '192.0.2.7' };
const PATH = '/crowdsec-internal/challenge/submit';

/** A relay in front of AppSec, behind the listener of challenges. @returns its answer. */
async function start(bans = false): Promise<{ appsec: Appsec; ask: (init?: RequestInit) => Promise<unknown> }> {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  onTestFinished(() => void vi.restoreAllMocks());
  const appsec = await new Appsec().start();
  const held = { scope: 'ip', remediation: 'ban', origin: '', ipType: 'ipv4', expiresAt: 0 } as const;
  const hosts = { value: new Hosts('') };
  const relay = new ChallengeRelay({ findText: () => (bans ? held : undefined) }, hosts, {
    url: appsec.url,
    apiKey: 'key',
  });
  const challenges = new Challenges((request) => relay.answer(request));
  onTestFinished(() => challenges.close());
  await challenges.listen('127.0.0.1:0');
  const url = `http://${String(log.mock.calls.at(-1)?.[0]).split(' ').at(-1)}${PATH}`;
  const ask = async (init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(url, init);
    return [answer.status, await answer.text()];
  };
  return { appsec, ask };
}

const FORBIDDEN = [403, 'Forbidden\n'];

describe('ChallengeRelay', () => {
  it('passes on a client’s request with its address, and AppSec’s answer', async () => {
    const { appsec, ask } = await start();
    appsec.decide = (_, body) => ({
      status: 403,
      body: { action: 'challenge', user_body_content: `seen: ${body.toString()}` },
    });
    expect(await ask({ method: 'POST', body: 'proof', headers: CLIENT })).toEqual([200, 'seen: proof']);
    expect(appsec.lastHeaders).toMatchObject({
      'x-crowdsec-appsec-ip': '192.0.2.7',
      'x-crowdsec-appsec-uri': PATH,
      'x-crowdsec-appsec-verb': 'POST',
    });
    appsec.decide = () => ({ status: 200, body: 'solved' });
    expect(await ask({ headers: CLIENT })).toEqual([200, 'solved']);
    appsec.decide = () => ({ status: 403, body: { action: 'ban' } });
    expect(await ask({ headers: CLIENT })).toEqual(FORBIDDEN);
  });

  it('does not ask AppSec about a banned or unknown client', async () => {
    const { appsec, ask } = await start();
    for (const headers of [{}, { 'x-crowdsec-real-src': 'x' }]) expect(await ask({ headers })).toEqual(FORBIDDEN);
    const banned = await start(true);
    expect(await banned.ask({ headers: CLIENT })).toEqual(FORBIDDEN);
    expect([...appsec.asked, ...banned.appsec.asked]).toEqual([]);
  });

  it('accepts a megabyte of a body, and reports a longer one', async () => {
    const errors = vi.spyOn(console, 'error').mockReturnValue();
    const { ask } = await start();
    expect(await ask({ method: 'POST', body: 'x'.repeat(1024 * 1024), headers: CLIENT })).toEqual([
      200,
      '{"action":"allow"}',
    ]);
    expect(await ask({ method: 'POST', body: 'x'.repeat(1024 * 1024 + 1), headers: CLIENT })).toEqual([502, '']);
    expect(errors.mock.calls).toEqual([['a challenge has failed: expected at most 1048576 bytes']]);
  });
});
