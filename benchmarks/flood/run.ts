/**
 * How long one connection waits for its ACK beside others that flood the agent.
 *
 *     pnpm run bench:flood [--seconds 2] [--filter TEXT]
 *
 * One NOTIFY at a time is asked every 3 ms. Reached is a 99th percentile of 10 ms beside one connection that floods, and 50 ms
 * beside 100, with 5 ms more for the scheduler: agent, flood and this process may share a core.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from '@spop-internal/testbed/program';
import { ipv4, notify } from '@spop/builder';
import { AgentProcess } from '../load/agent-process.ts';
import { type Flood, floods, hello } from './floods.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, filter: { type: 'string', default: '' } },
});

const PAUSE_MS = 3;
const ALLOWANCE_MS = 5;
/** The agent compiles what the flood asks of it. */
const WARM_MS = 1_000;
/** Connections that flood, and how long others may wait for it. */
const CROWDS = [
  [1, 10],
  [100, 50],
] as const;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const node = (name: string): string[] => ['--conditions=@spop/source', here(name)];
const question = notify()
  .message('tiny', { ip: ipv4('192.0.2.1') })
  .toBytes();

/** Asks one NOTIFY after the other until `endsAt`, and returns how many ms each took. */
async function ask(port: number, endsAt: number): Promise<number[]> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  socket.write(hello);
  await once(socket, 'data');
  const waits: number[] = [];
  while (performance.now() < endsAt) {
    const askedAt = performance.now();
    socket.write(question);
    // An ACK of this size comes in one piece.
    await once(socket, 'data');
    waits.push(performance.now() - askedAt);
    await sleep(PAUSE_MS);
  }
  socket.destroy();
  return waits.toSorted((a, b) => a - b);
}

async function measure(flood: Flood, count: number): Promise<number[]> {
  const agent = await AgentProcess.start({ program: process.execPath, args: node('agent.ts') });
  const flooder = new Program(process.execPath, [...node('flooder.ts'), `${agent.port}`, `${count}`, flood]);
  try {
    await flooder.says(/flooding/);
    await sleep(WARM_MS);
    return await ask(agent.port, performance.now() + Number(values.seconds) * 1_000);
  } finally {
    await flooder.stop({ signal: 'SIGKILL' });
    await agent.stop();
  }
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

let missed = 0;
process.stdout.write('  n  asked   p50 ms   p99 ms   max ms  flooded with\n');
for (const flood of floods.filter((name) => name.includes(values.filter))) {
  for (const [count, mostMs] of CROWDS) {
    const waits = await measure(flood, count);
    const isReached = at(waits, 0.99) <= mostMs + ALLOWANCE_MS;
    if (!isReached) missed++;
    const figures = [0.5, 0.99, 1].map((share) => at(waits, share).toFixed(1).padStart(8)).join(' ');
    const verdict = `${mostMs} + ${ALLOWANCE_MS} ms ${isReached ? 'reached' : 'MISSED'}`;
    process.stdout.write(
      `${`${count}`.padStart(3)}  ${`${waits.length}`.padStart(5)} ${figures}  ${flood}: ${verdict}\n`,
    );
  }
}
process.exitCode = missed === 0 ? 0 : 1;
