import { connect, data, type ScriptedHaproxy } from '@spop/builder';
import '@spop/builder/vitest';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAdminAgent } from './agent.ts';
import { checkAdmin, isAllowed } from './messages.ts';

let haproxy: ScriptedHaproxy;
beforeEach(async () => {
  haproxy = await connect(createAdminAgent());
});
afterEach(() => haproxy.close());

it.each([
  ['192.0.2.7', '/admin/users', true],
  ['198.51.100.7', '/admin/users', false],
  ['198.51.100.7', '/', true],
])('a client from %s may see %s: %s', async (ip, path, expected) => {
  expect(await haproxy.notify(checkAdmin, { ip, path })).toSetVar(isAllowed, expected);
});

it('keeps out a client whose address is not known', async () => {
  expect(await haproxy.notify(checkAdmin, { path: '/admin' })).toSetVar(isAllowed, false);
  expect(await haproxy.notify('check-admin', { ip: data.nil, path: '/admin' })).toSetVar(isAllowed, false);
});

it('sets nothing if HAProxy sends no path', async () => {
  expect(await haproxy.notify('check-admin', { ip: data.ipv4('192.0.2.7') })).toHaveNoActions();
});
