import { binary, createAgent, defineMessage, defineVariable, string } from '@spop/agent';

const inspectBody = defineMessage('inspect-body', { path: string, body: binary });
const verdict = defineVariable('txn', 'verdict', string);

const agent = createAgent();
agent.onMessage(
  inspectBody,
  async ({ body }, ack, { signal }) => {
    const response = await fetch('http://inspection.internal/', { method: 'POST', body: body.toBytes(), signal });
    ack.set(verdict, response.ok ? 'pass' : 'block');
  },
  {
    timeoutMs: 200, // instead of processingTimeoutMs; it may be longer
    fallback: ({ path }, ack, notify, reason) => {
      console.warn(`stream ${notify.streamId}: ${reason} for ${path.toString()}`); // 'threw' or 'timeout'
      ack.set(verdict, 'unknown');
    },
  },
);
await agent.listen({ port: 9000 });
