/**
 * Both jobs of traffic.ts on @spop/agent, written as its users would.
 *
 *     node --conditions=@spop/source benchmarks/load/spop-agent.ts        prints "listening PORT"
 */
import { createAgent } from '@spop/agent';
import { address, bool, defineMessage, defineVariable, int64, integer, optional, string } from '@spop/codec';

const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });
const checkRequest = defineMessage('check-request', {
  method: string,
  path: string,
  query: string,
  src: address,
  src_port: integer,
  headers: string,
  host: string,
  ssl: bool,
});
const ipScore = defineVariable('sess', 'ip_score', int64);

const agent = createAgent();

agent.onMessage(checkClientIp, ({ ip }, ack) => {
  if (ip !== undefined) ack.set(ipScore, ip.byteAt(ip.family === 4 ? 3 : 15));
});

agent.onMessage(checkRequest, (request, ack) => {
  const texts =
    request.method.byteLength +
    request.path.byteLength +
    request.query.byteLength +
    request.headers.byteLength +
    request.host.byteLength;
  ack.set(ipScore, texts + request.src_port + request.src.byteAt(3) + (request.ssl ? 1 : 0));
});

const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
if (!('port' in listening)) throw new Error('expected to listen on a port');
process.stdout.write(`listening ${listening.port}\n`);
