/**
 * Measures the bytes of heap that the whole agent takes per NOTIFY, through a real socket: `pnpm run alloc:agent`. The
 * figures contain Node's own bytes for each read and write, which the NOTIFYs of a read share.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, question } from '../codec/frames.ts';
import { exactHeapFlags, lowerMedian } from '../harness/heap.ts';
import { traffic } from '../load/traffic.ts';
import { Asker } from '../socket/asker.ts';
import { FUNCTION_RUNS, type Reading, type Request } from './agent-process.ts';

const NOTIFIES = 20_000;
const WARM_UP = 200_000;
const ROUNDS = 7;
/** HAProxy has at most 20 in flight on a connection. */
const WINDOW = 20;
const TIMEOUT_MS = 120_000;

type Kind = 'sync' | 'async';

/**
 * The most bytes of each NOTIFY. For a synchronous handler it is less than any object takes. An asynchronous handler gets
 * new objects, since it may keep them.
 */
const MOST_BYTES_PER_NOTIFY: Readonly<Record<Kind, number>> = { sync: 16, async: 1_100 };
/** Less than one new buffer for each 100 NOTIFYs takes. */
const MOST_BUFFER_BYTES = 1;

console.log(
  '| handler | NOTIFY | B per NOTIFY, 1 in flight | 20 in flight | of each NOTIFY | of each read and write |',
);
console.log('|---|---|---:|---:|---:|---:|');
await measure('sync');
await measure('async');

async function measure(kind: Kind): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'spop-alloc-'));
  const socketPath = path.join(folder, 'agent.sock');
  const script = fileURLToPath(new URL('agent-process.ts', import.meta.url));
  const flags = [...exactHeapFlags, '--conditions=@spop/source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, script, socketPath, kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  try {
    await once(child, 'message');
    const own = kind === 'sync' ? 0 : await functionBytes(child);
    for (const name of ['tiny', 'realistic'] as const) {
      const frame = bytesOf(question.raw(traffic(name)[0]!.payload));
      const alone = await bytesPerNotify(child, socketPath, frame, 1);
      const shared = await bytesPerNotify(child, socketPath, frame, WINDOW);
      print(`${kind} | ${name}`, kind, alone - own, shared - own);
    }
    if (own > 0)
      console.log(`An async function that awaits takes ${own.toFixed(1)} B by itself, which are not in the figures.`);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the bytes, and tells those of each NOTIFY from those of each read and write. */
function print(name: string, kind: Kind, alone: number, shared: number): void {
  const each = (shared * WINDOW - alone) / (WINDOW - 1);
  const figures = [alone, shared, each, alone - each].map((bytes) => bytes.toFixed(1));
  console.log(`| ${name} | ${figures.join(' | ')} |`);
  const most = MOST_BYTES_PER_NOTIFY[kind];
  if (each > most) fail(`${name}: expected at most ${most} bytes; found ${figures[2]}`);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

/** Bytes of an async function by itself, with its promise. */
async function functionBytes(child: ChildProcess): Promise<number> {
  const { bytes } = await growth(child, () => readingOf(child, 'run function'));
  return bytes / FUNCTION_RUNS;
}

async function bytesPerNotify(child: ChildProcess, socketPath: string, frame: Buffer, window: number): Promise<number> {
  const socket = net.connect(socketPath);
  try {
    const asker = await Asker.open(socket, frame);
    await asker.ask(WARM_UP / (window === 1 ? 4 : 1), window);
    const { bytes, buffers } = await growth(child, async () => {
      await asker.ask(NOTIFIES, window);
      return readingOf(child, 'read');
    });
    if (buffers / NOTIFIES > MOST_BUFFER_BYTES) fail(`expected no buffers; found ${buffers} bytes of them`);
    return bytes / NOTIFIES;
  } finally {
    socket.destroy();
  }
}

/** By how much heap and buffers grow: the median of some rounds, without the bytes of a reading. */
async function growth(child: ChildProcess, work: () => Promise<Reading>): Promise<Reading> {
  const rounds: Reading[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = await readingOf(child, 'collect');
    const middle = await readingOf(child, 'read');
    const end = await work();
    const bytes = end.bytes - middle.bytes - (middle.bytes - start.bytes);
    rounds.push({ bytes, buffers: end.buffers - middle.buffers });
  }
  const [bytes, buffers] = (['bytes', 'buffers'] as const).map((name) => lowerMedian(rounds.map((each) => each[name])));
  return { bytes: bytes ?? 0, buffers: buffers ?? 0 };
}

async function readingOf(child: ChildProcess, request: Request): Promise<Reading> {
  child.send(request);
  const [reading] = (await once(child, 'message')) as [Reading];
  return reading;
}
