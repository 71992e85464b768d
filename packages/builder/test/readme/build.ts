import { ack, agentHello, data, haproxyHello, notify } from '@spop/builder';

const frames = [
  haproxyHello({ maxFrameSize: 4096, engineId: 'b8f2…' }),
  agentHello({ capabilities: '' }),
  notify({ streamId: 7n, frameId: 1n })
    .message('check-client-ip', { ip: data.ipv4('10.0.0.1'), port: 443, tls: true, agent: 'curl/8', cookie: null })
    .message('unnamed-and-repeated', [data.ipv6('::1'), ['id', 1], ['id', 2], ['body', data.binary('…')]]),
  ack({ streamId: 7n, frameId: 1n })
    .setVar('sess', 'ip_score', data.int32(-1))
    .setVar('txn', 'big', data.uint64(2n ** 63n))
    .unsetVar('req', 'old'),
];
for (const frame of frames) console.log(frame.toBytes(), frame.toFrame());
