import { readFile, writeFile } from 'node:fs/promises';
import { data } from '@spop/builder';
import { startScript } from '@spop-internal/testbed/example';
import { freePort } from '@spop-internal/testbed/ports';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { ask, solution, start } from './asking.ts';
import { AGENT } from './testing.ts';

describe('the agent', { timeout: 25_000 }, () => {
  it('makes challenges, accepts solutions, and knows cookies', async () => {
    const { agent, peer } = await start();
    expect(await ask(peer, 'validate', { level: 2 })).toEqual({ valid: false, level: 2, reason: 'missing' });
    const made = await ask(peer, 'challenge', { level: 2, 'accept-language': 'de' });
    expect(made).toEqual({
      response: expect.stringMatching(/^de\.[0-9A-F]{4}-[0-9A-F]{4}\.5\.[\w-]{76}\.20\.[\w-]{76}$/) as string,
      status: 403,
      reason: 'challenged',
    });
    // An ACK is at most 700 bytes: this, two other variables, and all names.
    expect(String(made['response']).length).toBeLessThan(250);
    const right = await solution(peer, 2);
    const passed = await ask(peer, 'challenge', right);
    expect(passed).toMatchObject({ status: 200, reason: 'solved' });
    const cookie = String(passed['token']).replace(/;.*/, '');
    expect(passed['token']).toMatch(/^__Host-bv=.*; Secure$/);
    expect(await ask(peer, 'challenge', right)).toMatchObject({ status: 403, reason: 'replayed' });
    expect(await ask(peer, 'validate', { level: 2, cookie })).toEqual({ valid: true, level: 2, reason: 'cookie' });
    expect(await ask(peer, 'validate', { level: 9, cookie })).toEqual({ valid: false, level: 3, reason: 'level' });

    // Arguments may be missing, NULL, or in any order.
    for (const args of [{}, { src: data.nil, host: data.nil, cookie: data.nil, level: data.nil }, { level: -1 }]) {
      expect(await ask(peer, 'validate', args)).toEqual({ valid: false, level: 1, reason: 'missing' });
    }
    expect(await ask(peer, 'challenge', { src: data.nil, host: data.nil, level: 0 })).toMatchObject({ status: 403 });
    for (const message of ['validate', 'challenge'] as const) {
      expect(await ask(peer, message, { level: 'x' })).toEqual({ by_default: 'handler failed' });
    }
    await agent.says(/decided by default: handler failed, 1 times so far/);

    const address = await agent.says(/^metrics on\s+(\S+)$/m);
    const metrics = await (await fetch(`http://${address}/metrics`)).text();
    for (const line of [
      'browser_validation_validations_total{reason="cookie"} 1',
      'browser_validation_challenges_total{level="2"} 2',
      'browser_validation_solve_seconds_count{level="2",way="script"} 1',
      'browser_validation_refused_total{reason="replayed",way="script"} 1',
      'browser_validation_solve_seconds_bucket{level="2",way="script",le="300"} 1',
      'browser_validation_used_solutions 1',
      'browser_validation_defaults_total{outcome="handler failed"} 2',
    ]) {
      expect(metrics).toContain(`${line}\n`);
    }
    const operator = await (await fetch(`http://${address}/operator`)).text();
    const [, id] = /<td>([0-9A-F-]{9})<td>replayed<td>script<td>192\.0\.2\.1<td>www/.exec(operator) ?? [];
    expect(passed['response']).toBe(`en.${id}`);
    expect(await agent.stop()).toBe('exit code 0');
  });

  it('reads lists and keys on SIGHUP, and its cookies survive a restart', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const [KEYS, LIST] = [folder.file('keys'), folder.file('list')];
    await writeFile(KEYS, `${Buffer.alloc(32, 1).toString('base64')}\n`);
    await writeFile(LIST, '0 network=192.0.2.0/24\n');
    const first = await start({ KEYS, LIST });
    expect(await ask(first.peer, 'validate', { level: 3 })).toEqual({ valid: true, level: 0, reason: 'list' });
    await writeFile(LIST, '3 user-agent=curl\n');
    const keys = await readFile(KEYS, 'utf8');
    await writeFile(KEYS, `${Buffer.alloc(32, 2).toString('base64')}\n${keys}`);
    const { token } = await ask(first.peer, 'challenge', await solution(first.peer, 1));
    const cookie = String(token).replace(/;.*/, '');
    first.agent.signal('SIGHUP');
    await first.agent.says(/read .*keys again[^]*read .*list again/);
    expect(await ask(first.peer, 'validate', { cookie })).toMatchObject({ valid: true, reason: 'cookie' });
    expect(await ask(first.peer, 'validate', { cookie, 'user-agent': 'curl/8' })).toMatchObject({
      level: 3,
      reason: 'level',
    });
    await first.agent.stop();
    const second = await start({ KEYS, LIST });
    expect(await ask(second.peer, 'validate', { cookie })).toMatchObject({ valid: true, reason: 'cookie' });
    await writeFile(KEYS, 'short\n');
    second.agent.signal('SIGHUP');
    await second.agent.says(/keys: line 1: expected 32 bytes or more in base64; the last good content stays in use/);
    expect(await ask(second.peer, 'validate', { cookie })).toMatchObject({ valid: true });
  });

  it.each([
    ['local', { status: 200, reason: 'solved' }],
    ['closed', { status: 403, reason: 'store failed' }],
  ])('without its store is %s', async (ON_STORE_FAILURE, expected) => {
    const VALKEY_URL = `redis://127.0.0.1:${await freePort()}`;
    const { agent, peer } = await start({ VALKEY_URL, ON_STORE_FAILURE, PROCESSING_TIMEOUT_MS: '5000' });
    expect(await ask(peer, 'challenge', await solution(peer, 1))).toMatchObject(expected);
    await agent.says(/store has failed: /);
  });

  it('checks its settings with --check, and ends', async () => {
    expect(await startScript(AGENT, ['--check']).ended).toBe('exit code 0');
    const wrong = {
      WORK_BITS: '16,18',
      WAIT_S: '10,x,40',
      KEYS: '/nonexistent',
      LIST: '/nonexistent',
      VALKEY_URL: 'x',
    };
    const agent = startScript(AGENT, ['--check'], wrong);
    expect(await agent.ended).toBe('exit code 1');
    for (const name of Object.keys(wrong))
      expect(agent.output).toMatch(new RegExp(`^${name}: .*(expected|ENOENT)`, 'm'));
  });
});
