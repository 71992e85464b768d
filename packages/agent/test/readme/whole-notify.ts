import { address, bool, createAgent, defineMessage, defineVariable, string } from '@spop/agent';

const client = defineMessage('client', { src: address });
const account = defineMessage('account', { name: string });
const blocked = defineVariable('txn', 'blocked', bool);
const seen = defineVariable('txn', 'seen', string);

const agent = createAgent();
// These handlers declare the messages. They may leave the work to the handler of the whole NOTIFY.
agent.onMessage(client, () => {});
agent.onMessage(account, () => {});
agent.onNotify((notify, ack) => {
  const src = notify.get(client)?.src;
  const name = notify.get(account)?.name;
  ack.set(blocked, name?.equals('root') === true && src?.equals('127.0.0.1') === false);

  const names: string[] = [];
  for (const messages = notify.walk(); messages.next();) names.push(messages.name.toString());
  ack.set(seen, names.join(' '));
});
await agent.listen({ port: 9000 });
