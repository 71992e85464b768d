/** The thread that asks for decisions and reads them, so that the agent's thread never waits. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../shared/message-of.ts';
import type { Decision } from './decision.ts';
import { DecisionStream, type StreamSource } from './decision-stream.ts';

/** The thread's input. */
export interface WorkerTask {
  readonly source: StreamSource;
  readonly updateMs: number;
}

/**
 * The thread's messages. The decisions of one poll come in several small parts, so that none blocks the agent for long; each is
 * sent when the agent has asked for it.
 */
export type WorkerMessage =
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'begin'; readonly isStartup: boolean; readonly receivedAt: bigint }
  | { readonly type: 'part'; readonly deleted: readonly Decision[]; readonly added: readonly Decision[] }
  | { readonly type: 'end'; readonly bad: number; readonly firstProblem: string | undefined };

const PART = 1_000;
/** The first pause after a failure; each next pause is twice as long, up to the pause between two polls. */
const RETRY_MS = 500;

const { source, updateMs } = workerData as WorkerTask;
const stream = new DecisionStream(source);

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** Sends deletions before additions, and small changes as one part, which comes into force at one moment. */
async function postAll(deleted: readonly Decision[], added: readonly Decision[]): Promise<void> {
  if (deleted.length + added.length <= PART) {
    await postPart(deleted, added);
    return;
  }
  for (let at = 0; at < deleted.length; at += PART) await postPart(deleted.slice(at, at + PART), []);
  for (let at = 0; at < added.length; at += PART) await postPart([], added.slice(at, at + PART));
}

async function postPart(deleted: readonly Decision[], added: readonly Decision[]): Promise<void> {
  post({ type: 'part', deleted, added });
  if (parentPort !== null) await once(parentPort, 'message');
}

let retryMs = RETRY_MS;
for (;;) {
  try {
    const { isStartup, receivedAt, deleted, added, bad, firstProblem } = await stream.poll();
    post({ type: 'begin', isStartup, receivedAt });
    await postAll(deleted, added);
    post({ type: 'end', bad, firstProblem });
    retryMs = RETRY_MS;
    await sleep(updateMs);
  } catch (error) {
    post({ type: 'failed', reason: reasonOf(error) });
    await sleep(Math.min(retryMs, updateMs));
    retryMs *= 2;
  }
}

/** The text of an error; after several addresses were tried it has a code and no text. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return messageOf(error) || code;
}
