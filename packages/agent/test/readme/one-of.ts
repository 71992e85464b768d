import {
  address,
  AddressReader,
  createAgent,
  DataType,
  defineMessage,
  defineVariable,
  oneOf,
  optional,
  string,
} from '@spop/agent';

// `args client=req.hdr(x-forwarded-for)` sends a STRING, `args client=src` an address.
const checkClient = defineMessage('check-client', { client: optional(oneOf(string, address)) });
const seen = defineVariable('txn', 'client', address);
const addresses = new AddressReader();

const agent = createAgent();
agent.onMessage(checkClient, ({ client }, ack) => {
  if (client === undefined) return;
  if (client.type !== DataType.String) return void ack.set(seen, client);
  addresses.readXForwardedFor(client);
  // The last element is the address that the nearest proxy has seen.
  if (addresses.next() && addresses.address !== undefined) ack.set(seen, addresses.address);
});
await agent.listen({ port: 9000 });
