/**
 * Measures how long one connection waits for its ACK while others flood the agent.
 *
 *     pnpm run bench:flood [--seconds 2] [--filter TEXT]
 *
 * The connection sends a NOTIFY 3 ms after each ACK. Its wait for the agent is the processor time of the agent's event loop
 * until the ACK comes; the wall clock also contains the time of other programs. The goals for the 99th percentile are 10 ms
 * with one connection that floods and 50 ms with 100, and 2 ms more for garbage collection.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from '@spop-internal/testbed/program';
import { data, notify } from '@spop/builder';
import { AgentProcess } from '../load/agent-process.ts';
import { type Flood, floods, hello } from './floods.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, filter: { type: 'string', default: '' } },
});

const PAUSE_MS = 3;
const ALLOWANCE_MS = 2;
/** Time for V8 to compile what the flood runs. */
const WARM_MS = 1_000;
/** Connections that flood, and the milliseconds that others may wait because of them. */
const CROWDS = [
  [1, 10],
  [100, 50],
] as const;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const node = (name: string): string[] => ['--conditions=@spop/source', here(name)];
const question = notify()
  .message('tiny', { ip: data.ipv4('192.0.2.1') })
  .toBytes();

/** How long NOTIFYs waited for their ACKs, in ms, in ascending order. */
interface Waits {
  /** Processor time of the agent's event loop. */
  readonly agent: readonly number[];
  readonly wall: readonly number[];
}

/** Asks one NOTIFY after the other until `endsAt`. */
async function ask(agent: AgentProcess, endsAt: number): Promise<Waits> {
  const socket = connect({ host: '127.0.0.1', port: agent.port, noDelay: true });
  await once(socket, 'connect');
  socket.write(hello);
  await once(socket, 'data');
  const spent: number[] = [];
  const wall: number[] = [];
  while (performance.now() < endsAt) {
    const askedAt = performance.now();
    const before = agent.mainThreadSeconds();
    socket.write(question);
    // An ACK of this size comes in one piece.
    await once(socket, 'data');
    wall.push(performance.now() - askedAt);
    spent.push((agent.mainThreadSeconds() - before) * 1_000);
    await sleep(PAUSE_MS);
  }
  socket.destroy();
  const [agentWaits, wallWaits] = [spent, wall].map((list) => list.toSorted((a, b) => a - b));
  return { agent: agentWaits ?? [], wall: wallWaits ?? [] };
}

async function measure(flood: Flood, count: number): Promise<Waits> {
  const agent = await AgentProcess.start({ program: process.execPath, args: node('agent.ts') });
  const flooder = new Program(process.execPath, [...node('flooder.ts'), `${agent.port}`, `${count}`, flood]);
  try {
    await flooder.says(/flooding/);
    await sleep(WARM_MS);
    return await ask(agent, performance.now() + Number(values.seconds) * 1_000);
  } finally {
    await flooder.stop({ signal: 'SIGKILL' });
    await agent.stop();
  }
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

const figures = (sorted: readonly number[]): string =>
  [0.5, 0.99, 1].map((share) => at(sorted, share).toFixed(1).padStart(6)).join(' ');

let missed = 0;
process.stdout.write('             agent, ms            wall clock, ms\n');
process.stdout.write('  n  asked    p50    p99    max    p50    p99    max  flooded with\n');
for (const flood of floods.filter((name) => name.includes(values.filter))) {
  for (const [count, mostMs] of CROWDS) {
    const { agent, wall } = await measure(flood, count);
    const isReached = at(agent, 0.99) <= mostMs + ALLOWANCE_MS;
    if (!isReached) missed++;
    const verdict = `${mostMs} + ${ALLOWANCE_MS} ms ${isReached ? 'reached' : 'MISSED'}`;
    const counts = `${`${count}`.padStart(3)}  ${`${agent.length}`.padStart(5)}`;
    process.stdout.write(`${counts} ${figures(agent)} ${figures(wall)}  ${flood}: ${verdict}\n`);
  }
}
process.exitCode = missed === 0 ? 0 : 1;
