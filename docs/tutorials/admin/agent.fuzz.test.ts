import { connect, variables } from '@spop/builder';
import { argumentsOf } from '@spop/builder/arbitraries';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAdminAgent } from './agent.ts';
import { checkAdmin } from './messages.ts';

it('answers whatever HAProxy can send, and lets no outsider see /admin', { timeout: 60_000 }, async () => {
  const haproxy = await connect(createAdminAgent());
  const paths = fc.oneof(fc.constantFrom('/', '/admin', '/admin/users'), fc.webPath());
  await fc.assert(
    fc.asyncProperty(argumentsOf(checkAdmin), paths, async (args, path) => {
      const any = await haproxy.notify(checkAdmin, args);
      expect(variables(any)).toHaveProperty(['txn.is_allowed']);
      const outsider = await haproxy.notify(checkAdmin, { ip: '198.51.100.7', path });
      expect(variables(outsider)).toEqual({ 'txn.is_allowed': !path.startsWith('/admin') });
    }),
  );
  haproxy.close();
});
