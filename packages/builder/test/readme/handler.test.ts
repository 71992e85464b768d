import { address, createAgent, defineMessage, defineVariable, int32 } from './stand-in.ts';
import { connect } from '@spop/builder';
import '@spop/builder/vitest';
import { expect, it } from 'vitest';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);
const agent = createAgent();
agent.onMessage(checkClientIp, ({ ip }, ack) => {
  ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
});

it('scores an address', async () => {
  const haproxy = await connect(agent);
  const ack = await haproxy.notify(checkClientIp, { ip: '192.0.2.1' });
  expect(ack).toSetVar(ipScore, 100);
});
