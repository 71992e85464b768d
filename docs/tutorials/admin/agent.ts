/** Lets only clients of the office see the pages below /admin. */
import { type Agent, createAgent, defineNetwork } from '@spop/agent';
import { checkAdmin, isAllowed } from './messages.ts';

const office = defineNetwork('192.0.2.0/24');

/** An agent that listens nowhere yet. */
export function createAdminAgent(): Agent {
  const agent = createAgent({ processingTimeoutMs: 100 });
  agent.onMessage(checkAdmin, ({ ip, path }, ack) => {
    ack.set(isAllowed, !path.startsWith('/admin') || ip?.isWithin(office) === true);
  });
  return agent;
}
