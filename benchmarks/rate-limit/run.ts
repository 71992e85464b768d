/**
 * Measures the agent of docs/examples/gcra-rate-limit without a store, alone and while 200,000 new addresses come at full
 * speed: its time and memory, and whether they are within their limits.
 *
 *     pnpm run bench:rate-limit
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Program } from '@spop-internal/testbed/program';
import { connect as connectPeer, data, haproxyHello, type ScriptedHaproxy } from '@spop/builder';
import { address, NotifyWriter } from '@spop/codec';
import { exactHeapFlags } from '../harness/heap.ts';
import { missed, report } from '../harness/limits.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import type { Measured } from '../harness/measured.ts';
import { resultOf } from '../harness/script.ts';
import { memoryMiBOf } from '../load/agent-process.ts';

const NEWCOMERS = 200_000;
const INTERVAL_MS = 10;
const BURST = 20;
/** Room for so few clients that new ones drive out others. */
const FEW_CLIENTS = 50_000;

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function reportLookUps(): Promise<void> {
  const script = new URL('look-ups.ts', import.meta.url);
  const found = (await resultOf(script, [...plainJsFlags(), ...exactHeapFlags])) as Record<string, Measured>;
  for (const [name, { ns, bytes }] of Object.entries(found)) {
    report(`a decision about ${name}`, ns, 'ns');
    report(`heap for a decision about ${name}`, bytes, 'B', { atMost: 0 });
  }
}

/** One NOTIFY from each of this number of new addresses. */
function newcomers(): Buffer {
  const bytes = Buffer.alloc(64 * NEWCOMERS);
  const writer = new NotifyWriter();
  let end = 0;
  for (let number = 0; number < NEWCOMERS; number++) {
    writer.beginNotify(bytes, end, bytes.length, number, 1);
    writer.message('check-rate');
    writer.argument('ip_src', address, `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
    end = writer.end();
  }
  return bytes.subarray(0, end);
}

/** Sends all NOTIFYs as fast as the agent reads them, and waits for the last ACK. */
async function flood(port: number, frames: Buffer): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.write(haproxyHello({ capabilities: 'pipelining' }).toBytes());
  await once(socket, 'data');
  socket.resume();
  for (let at = 0; at < frames.length; at += 65_536) {
    if (!socket.write(frames.subarray(at, at + 65_536))) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

/** Asks for one client, again and again until it is over. */
async function visit(
  peer: ScriptedHaproxy,
  ip: string,
  pauseMs: number,
  state: { isOver: boolean },
): Promise<{ asked: number; allowed: number; slowestMs: number }> {
  const found = { asked: 0, allowed: 0, slowestMs: 0 };
  while (!state.isOver) {
    const askedAt = performance.now();
    const { actions } = await peer.notify('check-rate', { ip_src: data.ipv4(ip) });
    found.slowestMs = Math.max(found.slowestMs, performance.now() - askedAt);
    found.asked++;
    const score = actions.find(({ name }) => name === 'ip_score');
    if (score?.type === 'set-var' && score.value.type === 'int64' && score.value.value === 0n) found.allowed++;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return found;
}

async function reportFlood(maxClients: number | undefined): Promise<void> {
  const agent = new Program(
    process.execPath,
    ['--conditions=@spop/source', here('../../docs/examples/gcra-rate-limit/agent.ts')],
    {
      name: 'the agent',
      env: {
        SPOE_ADDR: '127.0.0.1:0',
        SPOA_RATE_INTERVAL: `${INTERVAL_MS * 1_000}`,
        SPOA_RATE_BURST: `${BURST * INTERVAL_MS * 1_000}`,
        ...(maxClients === undefined ? {} : { SPOA_RATE_MAX_CLIENTS: `${maxClients}` }),
      },
    },
  );
  const residentMb = (): number => (memoryMiBOf(agent.pid, 'VmRSS') * 2 ** 20) / 1e6;
  const frames = newcomers();
  try {
    const port = Number(await agent.says(/^listening on +127\.0\.0\.1:(\d+)$/m));
    const peers = await Promise.all([1, 2].map(() => connectPeer({ host: '127.0.0.1', port })));
    const [one, two] = peers;
    if (one === undefined || two === undefined) throw new Error('expected two peers');
    // The first requests are for V8 to compile the code.
    const warm = { isOver: false };
    const warming = visit(one, '192.0.2.1', 0, warm);
    await sleep(500);
    warm.isOver = true;
    await warming;
    const before = residentMb();
    const state = { isOver: false };
    const startedAt = performance.now();
    const honest = visit(one, '192.0.2.7', INTERVAL_MS + 2, state);
    const greedy = visit(two, '192.0.2.8', 0, state);
    await flood(port, frames);
    state.isOver = true;
    const [patient, impatient] = await Promise.all([honest, greedy]);
    const elapsedMs = performance.now() - startedAt;
    const room = maxClients === undefined ? 'room for a million' : `room for ${maxClients}`;
    console.log(`\n${NEWCOMERS} new addresses in ${elapsedMs.toFixed(0)} ms, ${room}`);
    report('resident memory more than before', residentMb() - before, 'MB', { atMost: 150 });
    report('the slowest answer to others', Math.max(patient.slowestMs, impatient.slowestMs), 'ms', { atMost: 50 });
    report(`refused of ${patient.asked} requests of an honest client`, patient.asked - patient.allowed, 'requests', {
      atMost: 0,
    });
    const due = Math.ceil(elapsedMs / INTERVAL_MS) + BURST;
    report(`more than due allowed to a greedy client, ${due} due`, impatient.allowed - due, 'requests', {
      atMost: BURST,
    });
    for (const peer of peers) peer.close();
  } finally {
    await agent.stop();
  }
}

await reportLookUps();
await reportFlood(undefined);
await reportFlood(FEW_CLIENTS);
process.exitCode = missed === 0 ? 0 : 1;
