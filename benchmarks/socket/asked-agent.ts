import { fork } from 'node:child_process';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { tiny } from '../codec/frames.ts';
import { type HandlerKind, jobsAgent } from '../load/spop-jobs.ts';
import type { TrafficKind } from '../load/traffic.ts';
import { Asker } from './asker.ts';
import type { Request } from './client.ts';

/** HAPROXY_MAX_IN_FLIGHT of the codec, which early commits lack: this also runs with them, to compare. */
export const HAPROXY_WINDOW = 20;

/** An agent in this process whose peer is in this process too: 20 tiny NOTIFYs come at once, and the next 20 when these are answered. */
export async function inProcess(kind: HandlerKind): Promise<(count: number) => Promise<void>> {
  const [ours, theirs] = duplexPair();
  jobsAgent(kind).handle(ours);
  const asker = await Asker.open(theirs, tiny);
  return async (count) => asker.ask(count, HAPROXY_WINDOW);
}

/** An agent in this process, and its client in another. */
export interface AskedAgent {
  /** Sends `count` NOTIFYs, `window` in one write, and waits for the ACKs of each write. */
  ask(count: number, window: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both. The agent listens on a free port, or on the path of a unix socket; the client sends NOTIFYs of one kind. */
export async function throughSocket(
  handlers: HandlerKind,
  traffic: TrafficKind = 'tiny',
  path?: string,
): Promise<AskedAgent> {
  const agent = jobsAgent(handlers);
  const listening = await agent.listen(path === undefined ? { port: 0 } : { path });
  const target = 'port' in listening ? String(listening.port) : path;
  const client = fork(fileURLToPath(new URL('client.ts', import.meta.url)), [String(target), traffic]);
  // The client has said why on standard error.
  const fail = (): never => process.exit(1);
  client.once('exit', fail);
  await once(client, 'message');
  return {
    ask: async (count, window) => {
      client.send({ count, window } satisfies Request);
      await once(client, 'message');
    },
    stop: async () => {
      client.off('exit', fail);
      client.disconnect();
      await agent.close();
    },
  };
}
