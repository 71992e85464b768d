import { createAgent, defineMessage, defineVariable, optional, string } from '@spop/agent';

const checkSession = defineMessage('check-session', { cookie: optional(string) });
const user = defineVariable('txn', 'user', string);
const verdict = defineVariable('txn', 'verdict', string);

const agent = createAgent({
  processingTimeoutMs: 100, // half of HAProxy's `timeout processing`
  fallback: (_, ack) => void ack.set(verdict, 'unknown'),
});
agent.onMessage(checkSession, async ({ cookie }, ack, notify) => {
  if (cookie === undefined) return void ack.set(verdict, 'anonymous');
  const name = await lookUp(cookie.toString(), notify.signal);
  ack.set(user, name).set(verdict, 'known');
});
await agent.listen({ path: '/run/sessions.sock', mode: 0o660 });

/** Any slow look-up: a database, a cache, another service. */
async function lookUp(cookie: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`http://sessions.internal/${encodeURIComponent(cookie)}`, { signal });
  return response.text();
}
