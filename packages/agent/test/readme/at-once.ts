import { createAgent } from '@spop/agent';
import { defineMessage, defineVariable, string } from '@spop/codec';

const checkSession = defineMessage('check-session', { cookie: string });
const user = defineVariable('txn', 'user', string);
const known = new Map<string, string>();

const agent = createAgent();
agent.onMessage(checkSession, ({ cookie }, ack) => {
  const key = cookie.toString();
  const name = known.get(key);
  if (name !== undefined) return void ack.set(user, name);
  return lookUp(key).then((found) => {
    known.set(key, found);
    ack.set(user, found);
  });
});
await agent.listen({ port: 9000 });

async function lookUp(cookie: string): Promise<string> {
  const response = await fetch(`http://sessions.internal/${encodeURIComponent(cookie)}`);
  return response.text();
}
