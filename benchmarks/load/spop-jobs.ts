/** Both jobs of traffic.ts on @spop/agent, written as its users would. */
import { type Agent, createAgent } from '@spop/agent';
import { declareJobs } from './declare-jobs.ts';

const { checkClientIp, checkRequest, ipScore } = declareJobs();

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
