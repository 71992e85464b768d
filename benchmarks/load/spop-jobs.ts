/** Both jobs of traffic.ts on @spop/agent, written as its users write handlers. */
import { type Actions, type Agent, type AgentOptions, createAgent, type NotifyContext } from '@spop/agent';
import {
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
/** The message of the job `realistic`. */
export const checkRequest = defineMessage('check-request', {
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

/** The score of the job `realistic`. It reads all eight arguments. */
export function scoreOf(request: MessageOf<typeof checkRequest>): number {
  return (
    request.method.byteLength +
    request.path.byteLength +
    request.query.byteLength +
    request.src.byteAt(3) +
    request.src_port +
    request.headers.byteLength +
    request.host.byteLength +
    (request.ssl ? 1 : 0)
  );
}

type Answer<Message> = (message: Message, ack: Actions) => void;
type Handler<Message> = (message: Message, ack: Actions, notify: NotifyContext) => void | Promise<void>;

const settled: Promise<void> = Promise.resolve();

/** Kinds of handlers, by how they answer. */
const kinds = {
  sync: (answer) => answer,
  /** An async function that awaits something. */
  async: (answer) => async (message, ack) => {
    await settled;
    answer(message, ack);
  },
  /** A function that is not async, and returned a promise the first time. */
  'at once': (answer) => {
    let isFirst = true;
    return (message, ack) => {
      if (!isFirst) return answer(message, ack);
      isFirst = false;
      return settled.then(() => answer(message, ack));
    };
  },
  /** An async function that reads its signal. */
  signal: (answer) => async (message, ack, notify) => {
    const { signal } = notify;
    await settled;
    if (!signal.aborted) answer(message, ack);
  },
} as const satisfies Record<string, <Message>(answer: Answer<Message>) => Handler<Message>>;

/** The name of a kind. */
export type HandlerKind = keyof typeof kinds;

/** An agent that does both jobs, and does not listen yet. */
export function jobsAgent(kind: HandlerKind = 'sync', options?: AgentOptions): Agent {
  const handler: <Message>(answer: Answer<Message>) => Handler<Message> = kinds[kind];
  return createAgent(options)
    .onMessage(
      checkClientIp,
      handler(({ ip }, ack) => {
        if (ip !== undefined) ack.set(ipScore, ip.byteAt(ip.family === 4 ? 3 : 15));
      }),
    )
    .onMessage(
      checkRequest,
      handler((request, ack) => void ack.set(ipScore, scoreOf(request))),
    );
}

/** Lets an agent listen on a free port, and prints `listening PORT`. */
export async function listenAndSay(agent: Agent): Promise<void> {
  const listening = await agent.listen({ host: '127.0.0.1', port: 0 });
  if (!('port' in listening)) throw new Error('expected to listen on a port; found another address');
  process.stdout.write(`listening ${listening.port}\n`);
}
