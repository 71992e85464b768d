import { address, createAgent, defineMessage, defineVariable, int32 } from '@spop/agent';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

const agent = createAgent();
agent.onMessage(checkClientIp, ({ ip }, ack) => {
  ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
});
await agent.listen({ host: '127.0.0.1', port: 9000 });
