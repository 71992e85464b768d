/** Both jobs of traffic.ts on @spop/agent, written as its users would. */
import { type Agent, createAgent } from '@spop/agent';
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

/** An agent that does both jobs, and does not listen yet. */
export function jobsAgent(): Agent {
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
  return agent;
}
