/** The thread that reads, sorts and merges lists, so that the agent's thread never waits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type AddressTables, buffersOf, layOut } from './address-set.ts';
import { mergeRanges } from './ranges.ts';
import { Source, type SourceStatus } from './source.ts';

/** The thread's input. */
export interface WorkerTask {
  readonly sources: readonly string[];
  readonly refreshMs: number;
  /** Names of sources whose lists are in force: these stay until each of the sources has a list again. */
  readonly inForce?: readonly string[];
}

/** The thread's messages. */
export type WorkerMessage =
  | { readonly type: 'log'; readonly line: string }
  | { readonly type: 'status'; readonly sources: readonly SourceStatus[] }
  | { readonly type: 'lists'; readonly tables: AddressTables; readonly names: readonly string[] };

/** Time that the first lists wait for silent servers; they always wait for files. */
const PATIENCE_MS = 5_000;
/** The first pause before a source without a list is read again; each next pause is twice as long. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 8_000;

const { sources: texts, refreshMs, inForce = [] } = workerData as WorkerTask;
const sources = texts.map((text) => new Source(text, (line) => post({ type: 'log', line })));
let isStarting = true;

function post(message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

/** Puts all lists in force, in one piece. */
function putInForce(): void {
  const good = sources.flatMap(({ name, list }) => (list === undefined ? [] : [{ name, list }]));
  const names = good.map(({ name }) => name);
  if (isStarting || good.length === 0 || inForce.some((name) => !names.includes(name))) return;
  const tables = layOut(mergeRanges(good.map(({ list }) => list.ranges)));
  post({ type: 'lists', tables, names }, buffersOf(tables));
}

async function refresh(source: Source): Promise<void> {
  const isChanged = await source.refresh();
  post({ type: 'status', sources: sources.map(({ status }) => status) });
  if (isChanged) putInForce();
}

async function keepFresh(source: Source, first: Promise<void>): Promise<never> {
  await first;
  for (let retryMs = RETRY_MS; ; retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)) {
    await sleep(source.list === undefined ? Math.min(retryMs, refreshMs) : refreshMs);
    await refresh(source);
  }
}

parentPort?.on('message', () => {
  for (const source of sources) void refresh(source);
});
const first = sources.map(refresh);
for (const [index, source] of sources.entries()) void keepFresh(source, first[index]!);
await Promise.race([Promise.all(first), sleep(PATIENCE_MS)]);
await Promise.all(first.filter((_, index) => sources[index]!.isFile));
isStarting = false;
putInForce();
