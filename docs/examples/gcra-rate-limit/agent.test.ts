import { data } from '@spop/builder';
import '@spop/builder/vitest';
import { startScript } from '@spop-internal/testbed/example';
import { describe, expect, it } from 'vitest';
import { checkRate } from './messages.ts';
import { AGENT, ask, metric, startPair } from './testing.ts';

const SLOW = { timeout: 60_000 };
const ALLOWED = { ip_score: 0, retry_after_ms: 0, rate_source: 'memory' };
const REFUSED = { ip_score: 100, rate_remaining: 0, rate_source: 'memory' };
const NOBODY = {
  ip_score: 0,
  retry_after_ms: 0,
  rate_remaining: 3,
  rate_reset_s: 0,
  rate_source: 'default',
  rate_time_us: 0,
};

describe('the agent of the rate limiter', SLOW, () => {
  it('allows one burst only, and sets all variables in each answer', async () => {
    const { peer } = await startPair();
    const args = { ip_src: data.ipv4('192.0.2.7') };
    for (const left of [2, 1, 0]) {
      expect(await ask(peer, args)).toEqual({
        ...ALLOWED,
        rate_remaining: left,
        rate_reset_s: (3 - left) * 100,
        rate_time_us: expect.any(Number) as number,
      });
    }
    expect(await ask(peer, args)).toMatchObject(REFUSED);
  });

  it('knows a client by every spelling of its address', async () => {
    const { peer } = await startPair();
    const forms = [
      { ip_fwd: 'for="192.0.2.7:80"' },
      { ip_xff: '203.0.113.1, ::ffff:192.0.2.7' },
      { ip_src: data.address('::ffff:192.0.2.7') },
    ];
    for (const form of forms) expect(await ask(peer, form)).toMatchObject(ALLOWED);
    expect(await ask(peer, { ip_src: '192.0.2.7', ip_fwd: 'unknown', ip_xff: data.nil })).toMatchObject(REFUSED);
    expect(await ask(peer, { ip_src: '192.0.2.8' })).toMatchObject(ALLOWED);
  });

  it('never refuses clients without an address', async () => {
    const { peer, agent } = await startPair();
    for (const args of [{}, { ip_src: data.nil }, { ip_xff: 'unknown' }, { ip_src: 'unknown' }, { ip_fwd: 7 }]) {
      expect(await ask(peer, args)).toEqual(NOBODY);
    }
    await agent.says(/decided by default: no address, 1 times so far/);
    expect(await metric(agent, /^rate_answers_total\{outcome="no address"\} (\d+)$/m)).toBe(5);
  });

  it('refuses no client with SHADOW, and sets the score that it would have', async () => {
    const { peer } = await startPair({ SHADOW: '1' });
    const args = { ip_src: data.ipv4('192.0.2.7') };
    for (let i = 0; i < 3; i++) expect(await ask(peer, args)).toMatchObject({ ...ALLOWED, shadow_score: 0 });
    expect(await ask(peer, args)).toMatchObject({ ...ALLOWED, rate_remaining: 0, shadow_score: 100 });
    expect(await ask(peer, {})).toEqual({ ...NOBODY, shadow_score: 0 });
  });

  it('lets a refused client pass after the announced wait', async () => {
    const { peer } = await startPair({ SPOA_RATE_INTERVAL: '2000000', SPOA_RATE_BURST: '2000000' });
    const args = { ip_src: data.ipv6('2001:db8::1') };
    expect(await ask(peer, args)).toMatchObject(ALLOWED);
    const ack = await ask(peer, { ip_src: data.ipv6('2001:db8::2') });
    expect(ack).toMatchObject(REFUSED);
    const wait = Number(ack['retry_after_ms']);
    expect(wait).toBeLessThanOrEqual(2_000);
    await new Promise((resolve) => setTimeout(resolve, wait));
    expect(await ask(peer, args)).toMatchObject(ALLOWED);
  });

  it('announces pipelining, and disconnects on SIGTERM', async () => {
    const { peer, agent } = await startPair();
    expect((await peer.hello()).capabilities).toContain('pipelining');
    await peer.notify(checkRate, { ip_src: '192.0.2.7' });
    const goodbye = peer.receive();
    const exit = agent.stop();
    expect(await goodbye).toBeDisconnect(0);
    expect(await exit).toBe('exit code 0');
  });
});

describe('the settings of the rate limiter', SLOW, () => {
  it('are printed with their meaning', async () => {
    const agent = startScript(AGENT, ['--check'], {});
    expect(await agent.ended).toBe('exit code 0');
    expect(agent.output).toMatch(/^SPOA_RATE_INTERVAL +10000 µs = 100 requests\/s$/m);
    expect(agent.output).toMatch(/^SPOA_RATE_BURST +200000 µs = 20 in a burst$/m);
    expect(agent.output).toMatch(/^SPOA_RATE_MAX_CLIENTS +1000000 clients in memory = 44 MB$/m);
    expect(agent.output).not.toContain('listening');
  });

  it('end the start if they are invalid, with the reason', async () => {
    for (const [env, reasons] of [
      [
        {
          SPOA_RATE_INTERVAL: '0',
          SPOA_RATE_IPV6_PREFIX: '129',
          SHADOW: 'yes',
          ON_STORE_FAILURE: 'x',
          VALKEY_NODES: 'redis://:secret@127.0.0.1:1,http://127.0.0.1',
          VALKEY_CA_FILE: '/nonexistent',
        },
        [
          'SPOA_RATE_INTERVAL: expected a whole number from 1 to 3600000000; found "0"',
          'SPOA_RATE_IPV6_PREFIX: expected a whole number from 1 to 128; found "129"',
          'SHADOW: expected 0, 1; found "yes"',
          'ON_STORE_FAILURE: expected open, closed, local; found "x"',
          'with commas between them; found "redis://:…@127.0.0.1:1,http://127.0.0.1"',
          'VALKEY_CA_FILE: ENOENT',
        ],
      ],
      [{ SPOA_RATE_BURST: '9999' }, ['SPOA_RATE_BURST: expected at least SPOA_RATE_INTERVAL, 10000 µs; found "9999"']],
      [
        { SPOA_RATE_BURST: '2000001', SPOA_RATE_TTL: '2' },
        ['SPOA_RATE_TTL: expected at least SPOA_RATE_BURST, 2.000001 s; found "2"'],
      ],
    ] as const) {
      const agent = startScript(AGENT, [], { SPOE_ADDR: '127.0.0.1:0', ...env });
      expect(await agent.ended).toBe('exit code 1');
      for (const reason of reasons) expect(agent.output).toContain(reason);
    }
  });
});
