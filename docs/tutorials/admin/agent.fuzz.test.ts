import { connect, variables } from '@spop/builder';
import { argumentsOf } from '@spop/builder/arbitraries';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAdminAgent } from './agent.ts';
import { checkAdmin } from './messages.ts';

it('answers whatever HAProxy can send, and lets no outsider see /admin', async () => {
  const agent = createAdminAgent();
  const paths = fc.oneof(fc.constantFrom('/', '/admin', '/admin/users'), fc.webPath());
  const question = fc.record({ args: argumentsOf(checkAdmin), path: paths });
  await fc.assert(
    fc.asyncProperty(question, async ({ args, path }) => {
      const haproxy = await connect(agent);
      const ip = '198.51.100.7';
      const answers = await Promise.all([haproxy.notify(checkAdmin, args), haproxy.notify(checkAdmin, { ip, path })]);
      haproxy.close();
      expect(variables(answers[0])).toEqual({ 'txn.is_allowed': expect.any(Boolean) });
      expect(variables(answers[1])).toEqual({ 'txn.is_allowed': !path.startsWith('/admin') });
    }),
  );
});
