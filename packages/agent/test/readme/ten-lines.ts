import { createAgent } from '@spop/agent';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

const agent = createAgent();
agent.onMessage(checkClientIp, ({ ip }, ack) => {
  ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
});
await agent.listen({ host: '127.0.0.1', port: 9000 });
