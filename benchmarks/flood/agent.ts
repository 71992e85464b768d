/**
 * The agent that is flooded, on a free port, with one message for each kind of flood.
 *
 *     node --conditions=@spop/source benchmarks/flood/agent.ts        prints "listening PORT"
 */
import { createAgent, type Logger } from '@spop/agent';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';

const ipScore = defineVariable('sess', 'ip_score', int32);
const nowhere = (): void => {};
const logger: Logger = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };

const agent = createAgent({ logger })
  .onMessage(defineMessage('tiny', { ip: address }), ({ ip }, ack) => void ack.set(ipScore, ip.byteAt(3)))
  .onMessage(defineMessage('throws', {}), () => {
    throw new Error('a handler that throws');
  })
  .onMessage(defineMessage('later', {}), () => Promise.resolve());

const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
if (!('port' in listening)) throw new Error('expected to listen on a port');
process.stdout.write(`listening ${listening.port}\n`);
