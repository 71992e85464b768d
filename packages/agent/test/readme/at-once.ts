import { createAgent, defineMessage, defineVariable, string } from '@spop/agent';

const checkSession = defineMessage('check-session', { cookie: string });
const user = defineVariable('txn', 'user', string);
const known = new Map<string, string>();

const agent = createAgent();
agent.onMessage(checkSession, ({ cookie }, ack) => {
  const key = cookie.toString();
  const name = known.get(key);
  if (name !== undefined) return void ack.set(user, name);
  return learn(key).then((found) => void ack.set(user, found));
});
await agent.listen({ port: 9000 });

async function learn(cookie: string): Promise<string> {
  const response = await fetch(`http://sessions.internal/${encodeURIComponent(cookie)}`);
  const name = await response.text();
  known.set(cookie, name);
  return name;
}
