import { beforeAll, describe, it, vi } from 'vitest';
import { Decisions } from './decisions.ts';
import { decide, Lapi, LAPI_KEY } from './testing.ts';

const lines: string[] = [];
beforeAll(() => {
  const spy = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  return () => spy.mockRestore();
});

function start(lapi: Lapi, onFinished: (end: () => Promise<void>) => void, program?: URL): Decisions {
  const source = { url: lapi.url, apiKey: LAPI_KEY, certPath: undefined, keyPath: undefined, caPath: undefined };
  const decisions = new Decisions({ source: { ...source, hasCountries: false }, updateMs: 30 }, program);
  onFinished(() => decisions.close());
  return decisions;
}

const remediationOf = (decisions: Decisions, address: string): string | undefined =>
  decisions.findText(address)?.remediation;

// Each test waits only for its own thread.
describe.concurrent('Decisions', { timeout: 25_000 }, () => {
  it('are kept up to date, and stay in force without the API until they expire, to the second', async ({
    expect,
    onTestFinished,
  }) => {
    const brief = decide('192.0.2.9', { duration: '1.2s' });
    const lapi = await new Lapi(onTestFinished)
      .add(decide('192.0.2.7'), decide('192.0.2.0/24', { type: 'captcha' }))
      .start();
    const decisions = start(lapi, onTestFinished);
    expect(decisions.isKnown).toBe(false);
    await decisions.known;
    expect(remediationOf(decisions, '192.0.2.7')).toBe('ban');
    lapi.remove(decide('192.0.2.7'));
    const addedAt = performance.now();
    lapi.add(brief);
    await expect.poll(() => remediationOf(decisions, '192.0.2.9'), { interval: 1 }).toBe('ban');
    const knownAt = performance.now();
    expect(remediationOf(decisions, '192.0.2.7')).toBe('captcha');
    lapi.trouble = 500;
    let bannedAt = 0;
    const isBanned = (): boolean => {
      const now = performance.now();
      const isFound = remediationOf(decisions, '192.0.2.9') === 'ban';
      if (isFound) bannedAt = now;
      return isFound;
    };
    await expect.poll(isBanned, { interval: 1 }).toBe(false);
    expect(performance.now()).toBeGreaterThanOrEqual(addedAt + 1_200);
    expect(bannedAt).toBeLessThan(knownAt + 1_200);
    expect(remediationOf(decisions, '192.0.2.7')).toBe('captcha');
    expect(lines.find((line) => line.includes(lapi.url))).toMatch(
      /found 500; decisions of \d+ s ago stay in force until they expire$/,
    );
    // A restart of the API, after which other decisions are in force.
    lapi.stop();
    lapi.remove(decide('192.0.2.0/24', { type: 'captcha' }));
    lapi.trouble = undefined;
    await lapi.start();
    await expect.poll(() => remediationOf(decisions, '192.0.2.7')).toBeUndefined();
    expect(decisions.polls.failed).toBeGreaterThan(0);
  });

  it('come in parts if they are many, and are in force as a whole', async ({ expect, onTestFinished }) => {
    const lapi = new Lapi(onTestFinished).add(decide('1.2.3\n'), decide('x', { scope: 'AS' }));
    lapi.add(...Array.from({ length: 9_000 }, (_, index) => decide(`10.0.${index >> 8}.${index & 255}`)));
    const decisions = start(await lapi.start(), onTestFinished);
    const count = (): number => {
      let found = 0;
      decisions.forEach(() => found++);
      return found;
    };
    let seen = 0;
    const watch = setInterval(() => (seen = Math.max(seen, decisions.isKnown ? 0 : count())));
    await decisions.known;
    clearInterval(watch);
    expect(seen).toBe(0);
    expect(count()).toBe(9_000);
    expect(lines).toEqual(
      expect.arrayContaining([
        String.raw`skipped 1 decisions, the first about ip 1.2.3\u000a`,
        'skipped 1 decisions, the first one: expected a decision about an ip, a range or a country; found AS',
      ]),
    );
  });

  it('have another thread after theirs has failed', async ({ expect, onTestFinished }) => {
    const program = new URL('data:text/javascript,throw new Error("out of memory")');
    const decisions = start(await new Lapi(onTestFinished).start(), onTestFinished, program);
    const restarts = (): number => lines.filter((line) => line.endsWith('is started again: out of memory')).length;
    await expect.poll(restarts).toBeGreaterThan(1);
    expect(decisions.isKnown).toBe(false);
  });
});
