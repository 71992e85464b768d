/** Both jobs of traffic.ts on @spop/agent, written as its users write handlers. */
import { type Agent, createAgent } from '@spop/agent';
import {
  type Actions,
  address,
  bool,
  defineMessage,
  defineVariable,
  int64,
  integer,
  type MessageOf,
  optional,
  string,
} from '@spop/codec';

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

/** Asynchronous handlers await this. */
const settled: Promise<void> = Promise.resolve();

/** An agent that does both jobs, and does not listen yet. With `isAsync` its handlers await something. */
export function jobsAgent(isAsync: boolean = false): Agent {
  const agent = createAgent();

  const answerIp = ({ ip }: MessageOf<typeof checkClientIp>, ack: Actions): void => {
    if (ip !== undefined) ack.set(ipScore, ip.byteAt(ip.family === 4 ? 3 : 15));
  };
  const answerRequest = (request: MessageOf<typeof checkRequest>, ack: Actions): void => {
    const texts =
      request.method.byteLength +
      request.path.byteLength +
      request.query.byteLength +
      request.headers.byteLength +
      request.host.byteLength;
    ack.set(ipScore, texts + request.src_port + request.src.byteAt(3) + (request.ssl ? 1 : 0));
  };
  if (!isAsync) return agent.onMessage(checkClientIp, answerIp).onMessage(checkRequest, answerRequest);
  return agent
    .onMessage(checkClientIp, async (message, ack) => {
      await settled;
      answerIp(message, ack);
    })
    .onMessage(checkRequest, async (message, ack) => {
      await settled;
      answerRequest(message, ack);
    });
}
