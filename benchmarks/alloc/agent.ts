/**
 * Measures the bytes of heap that the whole agent takes per NOTIFY, through a socket. The figures contain Node's own bytes
 * for each read and write, which the NOTIFYs of a read share.
 */
import { setImmediate } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { heapAndBuffers } from '../harness/heap.ts';
import { table } from '../harness/page.ts';
import { HAPROXY_WINDOW, throughSocket } from '../socket/asked-agent.ts';
import type { TrafficKind } from '../load/traffic.ts';

const NOTIFIES = 20_000;
const WARM_UP = 200_000;
/** Odd, so that the median is one of them. */
const ROUNDS = 7;

/**
 * The most bytes of each NOTIFY. For a synchronous handler it is less than any object takes. An asynchronous handler gets
 * new objects, since it may keep them.
 */
const MOST_BYTES_PER_NOTIFY = { sync: 16, async: 1_100 } as const;
/** Less than one new buffer for each 100 NOTIFYs takes. */
const MOST_BUFFER_BYTES = 1;

const settled: Promise<void> = Promise.resolve();
/** An async function that does nothing else. Its bytes are subtracted, with those of its promise. */
const awaiting = async (_message: unknown, _ack: unknown): Promise<void> => {
  await settled;
};

const own = await bytesOfEach(async (count) => {
  for (let i = 0; i < count; i++) void awaiting(settled, settled);
  await setImmediate();
});
const folder = await TemporaryFolder.make();
const rows: string[][] = [];
for (const handlers of ['sync', 'async'] as const) {
  for (const traffic of ['tiny', 'realistic'] as const) rows.push(await rowOf(handlers, traffic));
}
await folder.stop();
const head = [
  'handler',
  'NOTIFY',
  'B per NOTIFY, 1 in flight',
  '20 in flight',
  'of each NOTIFY',
  'of each read and write',
];
console.log(table(head, rows, 2).join('\n'));
console.log(`An async function that awaits takes ${own.toFixed(1)} B by itself, which are not in the figures.`);

/** Tells the bytes of each NOTIFY from those of each read and write. */
async function rowOf(handlers: keyof typeof MOST_BYTES_PER_NOTIFY, traffic: TrafficKind): Promise<string[]> {
  const agent = await throughSocket(handlers, traffic, folder.file(`${handlers}-${traffic}.sock`));
  const bytesIn = async (window: number): Promise<number> => {
    await agent.ask(WARM_UP / (window === 1 ? 4 : 1), window);
    return (await bytesOfEach((count) => agent.ask(count, window))) - (handlers === 'sync' ? 0 : own);
  };
  const [alone, shared] = [await bytesIn(1), await bytesIn(HAPROXY_WINDOW)];
  await agent.stop();
  const each = (shared * HAPROXY_WINDOW - alone) / (HAPROXY_WINDOW - 1);
  const most = MOST_BYTES_PER_NOTIFY[handlers];
  if (each > most) fail(`${handlers}, ${traffic}: expected at most ${most} bytes; found ${each.toFixed(1)}`);
  return [handlers, traffic, ...[alone, shared, each, alone - each].map((bytes) => bytes.toFixed(1))];
}

/** Bytes of heap of one operation: the median of some rounds. */
async function bytesOfEach(work: (count: number) => Promise<void>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { heap, buffers } = await heapAndBuffers(work, NOTIFIES);
    if (buffers / NOTIFIES > MOST_BUFFER_BYTES) fail(`expected no buffers; found ${buffers} bytes of them`);
    rounds.push(heap);
  }
  return median(rounds) / NOTIFIES;
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
