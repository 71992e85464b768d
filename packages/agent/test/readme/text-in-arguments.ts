import {
  address,
  AddressReader,
  CookieReader,
  createAgent,
  defineMessage,
  defineVariable,
  HeaderReader,
  string,
} from '@spop/agent';

const request = defineMessage('request', { headers: string }); // args headers=req.hdrs
const client = defineVariable('txn', 'client', address);
const key = defineVariable('txn', 'session', string);
const headers = new HeaderReader();
const addresses = new AddressReader();
const session = new CookieReader('session');

const agent = createAgent();
agent.onMessage(request, (message, ack) => {
  for (headers.read(message.headers); headers.next();) {
    if (headers.name.equals('x-forwarded-for')) {
      addresses.readXForwardedFor(headers.value);
      // The last element was appended by the nearest proxy.
      if (addresses.next() && addresses.address !== undefined) ack.set(client, addresses.address);
    } else if (headers.name.equals('cookie')) {
      session.read(headers.value);
      if (session.count === 1 && session.value !== undefined) ack.set(key, session.value);
    }
  }
});
await agent.listen({ port: 9000 });
