import { writeFile } from 'node:fs/promises';
import { startAgent, startScript } from '@spop-internal/testbed/example';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { data } from '@spop/builder';
import '@spop/builder/vitest';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectTo } from '../shared/testing.ts';
import { backend, byDefault, chooseBackend, isCanary } from './messages.ts';
import { goesToCanary, Routes } from './routes.ts';

const AGENT = new URL('agent.ts', import.meta.url);

describe('the agent of the example', () => {
  it('chooses backends, reads other routes on SIGHUP, and keeps the last good ones', async () => {
    const ROUTES = stopAfterTest(await TemporaryFolder.make()).file('routes');
    await writeFile(ROUTES, 'a.test one two 100\ntenant:acme acme\n');
    const { agent, spoeAddress } = await startAgent(AGENT, { ROUTES });
    const peer = await connectTo(spoeAddress);
    const canary = await peer.notify(chooseBackend, { host: 'a.test', ip: '192.0.2.1' });
    expect(canary).toSetVar(backend, 'two');
    expect(canary).toSetVar(isCanary, true);
    const main = await peer.notify('choose-backend', {
      host: 'a.test',
      tenant: data.nil,
      user: data.nil,
      ip: data.nil,
    });
    expect(main).toSetVar(backend, 'one');
    expect(main).toSetVar(isCanary, false);
    expect(await peer.notify('choose-backend', { ip: data.nil, tenant: 'acme' })).toSetVar(backend, 'acme');
    const none = await peer.notify('choose-backend', {});
    expect(none).toUnsetVar(backend);
    expect(none).toSetVar(byDefault, 'no route');
    await agent.says(/decided by default: no route, 1 times so far/);
    const failed = await peer.notify('choose-backend', { host: 1 });
    expect(failed).toUnsetVar(backend);
    expect(failed).toSetVar(byDefault, 'handler failed');
    await agent.says(/decided by default: handler failed, 1 times so far/);
    await writeFile(ROUTES, 'a.test one two 101\n');
    agent.signal('SIGHUP');
    await agent.says(/routes: line 1: expected a host, .*; the last good content stays in use/);
    expect(await peer.notify(chooseBackend, { host: 'a.test' })).toSetVar(backend, 'one');
    await writeFile(ROUTES, '* three\n');
    agent.signal('SIGHUP');
    await agent.says(/read .*routes again on SIGHUP/);
    expect(await peer.notify(chooseBackend, {})).toSetVar(backend, 'three');
    expect(await peer.notify('other', {})).toHaveNoActions();
    expect(await agent.stop()).toBe('exit code 0');
  });

  it('checks its settings with --check, and ends', async () => {
    expect(await startScript(AGENT, ['--check']).ended).toBe('exit code 0');
    const agent = startScript(AGENT, ['--check'], { ROUTES: '/nonexistent' });
    expect(await agent.ended).toBe('exit code 1');
    expect(agent.output).toContain('ROUTES: /nonexistent: ENOENT: no such file or directory');
  });
});

describe('Routes', () => {
  it('prefers the tenant to the host, the host to all others, and confuses no host with a tenant', () => {
    const routes = new Routes('A.test a\ntenant:Acme acme\n[2001:db8::1] six\n* rest\n');
    const find = (host?: string, tenant?: string): unknown => routes.find({ host, tenant })?.backend;
    expect([find('a.test:80', 'ACME'), find('a.TEST:80', 'x'), find('[2001:db8::1]:80')]).toEqual(['acme', 'a', 'six']);
    expect([find('b.test'), find(), find('tenant:acme')]).toEqual(['rest', 'rest', 'rest']);
    expect(new Routes('a.test a').find({ host: 'b.test', tenant: undefined })).toBeUndefined();
  });

  it.each(['a.test', 'a.test b c', 'a.test b c 101', 'a.test b c -1', 'a.test b c 10 d', 'a.test b%[c]'])(
    'refuses %j',
    (line) => {
      expect(() => new Routes(`* x\n${line}`)).toThrow(/^line 2: expected a host/);
    },
  );

  it('refuses a host that is there twice', () => {
    expect(() => new Routes('a.test a\nA.test b')).toThrow('line 2: expected A.test once');
  });
});

describe('goesToCanary', () => {
  const route = (percent: number, canary = 'c'): Parameters<typeof goesToCanary>[0] => ({
    backend: 'b',
    canary,
    percent,
  });

  it('is the same for the same user, and stays true while the percentage grows', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.string(), percent, percent, (user, one, other) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        expect(goesToCanary(route(small), user)).toBe(goesToCanary(route(small), user));
        if (goesToCanary(route(small), user)) expect(goesToCanary(route(large), user)).toBe(true);
        expect([goesToCanary(route(0), user), goesToCanary(route(100), user)]).toEqual([false, true]);
      }),
    );
  });

  it('is true for the percentage of users, and for other users of another canary', () => {
    const users = Array.from({ length: 20_000 }, (_, user) => `user-${user}`);
    const share = (canary: string): string[] => users.filter((user) => goesToCanary(route(10, canary), user));
    const [one, other] = [share('one'), new Set(share('other'))];
    // Six standard deviations of 42 around 2,000.
    for (const count of [one.length, other.size]) expect(Math.abs(count - 2_000)).toBeLessThan(255);
    expect(Math.abs(one.filter((user) => other.has(user)).length - 200)).toBeLessThan(85);
  });

  it('is false for a user without a name', () => {
    expect(goesToCanary(route(100), undefined)).toBe(false);
  });
});
