/**
 * Bytes of heap that the whole agent takes per NOTIFY, through a real socket: `pnpm run alloc:agent [--node LIST]`. Node's
 * own part, which is what each read and write of a socket takes, is in the figure, shared by the NOTIFYs of a read.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { realistic, tiny } from '../codec/frames.ts';
import { type NodeBinary, currentNode, findNodes } from '../codec/node-versions.ts';
import { exactHeapFlags, lowerMedian } from '../harness/heap.ts';
import type { Report } from './agent-process.ts';
import { Peer } from './peer.ts';

const NOTIFIES = 20_000;
const WARM_UP = 200_000;
const ROUNDS = 7;
/** HAProxy has at most 20 in flight on a connection. */
const WINDOW = 20;
const TIMEOUT_MS = 120_000;

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { node: { type: 'string' } },
});

/** More than this per NOTIFY is the agent's doing: an object for each is at least 24. */
const MOST_BYTES_PER_NOTIFY = 16;

console.log('| node | NOTIFY | B per NOTIFY, 1 in flight | 20 in flight | of each NOTIFY | of each read and write |');
console.log('|---|---|---:|---:|---:|---:|');
for (const node of options.node === undefined ? [currentNode] : findNodes(options.node)) await measure(node);

async function measure(node: NodeBinary): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'spop-alloc-'));
  const socketPath = path.join(folder, 'agent.sock');
  const script = fileURLToPath(new URL('agent-process.ts', import.meta.url));
  const flags = [...exactHeapFlags, '--conditions=@spop/source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(node.path, [...flags, script, socketPath], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  try {
    await once(child, 'message');
    for (const [name, frame] of [['tiny', tiny] as const, ['realistic', realistic] as const]) {
      const alone = await bytesPerNotify(child, socketPath, frame, 1);
      const shared = await bytesPerNotify(child, socketPath, frame, WINDOW);
      print(node, name, alone, shared);
    }
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tells the part that comes with each read and write, whatever is in it, from the part that comes with each NOTIFY. */
function print(node: NodeBinary, name: string, alone: number, shared: number): void {
  const each = (shared * WINDOW - alone) / (WINDOW - 1);
  const figures = [alone, shared, each, alone - each].map((bytes) => bytes.toFixed(1));
  console.log(`| ${node.version} | ${name} | ${figures.join(' | ')} |`);
  if (each > MOST_BYTES_PER_NOTIFY) {
    console.error(
      `${name}, node ${node.version}: expected at most ${MOST_BYTES_PER_NOTIFY} bytes; found ${figures[2]}`,
    );
    process.exitCode = 1;
  }
}

async function bytesPerNotify(child: ChildProcess, socketPath: string, frame: Buffer, window: number): Promise<number> {
  const socket = net.connect(socketPath);
  await once(socket, 'connect');
  const peer = new Peer(socket);
  try {
    await peer.greet();
    await peer.ask(frame, window, WARM_UP / (window === 1 ? 4 : 1));
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = await heapOf(child, 'collect');
      const middle = await heapOf(child, 'read');
      await peer.ask(frame, window, NOTIFIES);
      const end = await heapOf(child, 'read');
      rounds.push(end - middle - (middle - start));
    }
    return lowerMedian(rounds) / NOTIFIES;
  } finally {
    socket.destroy();
  }
}

async function heapOf(child: ChildProcess, request: 'collect' | 'read'): Promise<number> {
  child.send(request);
  const [report] = (await once(child, 'message')) as [Report];
  if (report.kind !== 'used') throw new Error(`expected a reading of the heap; found '${report.kind}'`);
  return report.bytes;
}
