/** The thread that asks for decisions and reads them, so that the agent's thread never waits. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../shared/message-of.ts';
import { DecisionStream, type PollMessage, type StreamSource } from './decision-stream.ts';

/** The thread's input. */
export interface WorkerTask {
  readonly source: StreamSource;
  readonly updateMs: number;
}

/** The thread's messages. Each part is sent when the agent has asked for it, so that none blocks the agent for long. */
export type WorkerMessage = { readonly type: 'failed'; readonly reason: string } | PollMessage;

/** The first pause after a failure; each next pause is twice as long, up to the pause between two polls. */
const RETRY_MS = 500;

const { source, updateMs } = workerData as WorkerTask;
const stream = new DecisionStream(source);

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

let retryMs = RETRY_MS;
for (;;) {
  try {
    for await (const message of stream.poll()) {
      post(message);
      if (message.type === 'part' && parentPort !== null) await once(parentPort, 'message');
    }
    retryMs = RETRY_MS;
    await sleep(updateMs);
  } catch (error) {
    post({ type: 'failed', reason: messageOf(error) });
    await sleep(Math.min(retryMs, updateMs));
    retryMs *= 2;
  }
}
