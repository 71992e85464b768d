/**
 * The program of `npm start`: starts the agent, sends requests of clients with several addresses through a HAProxy (or, on a
 * machine without one, through a stand-in), prints the answers, and ends.
 *
 *   node --conditions=@spop/source docs/examples/ip-reputation/demo.ts [--keep] [--stand-in]
 *
 * --keep      stay up until SIGINT (Ctrl-C) or SIGTERM, and show what the agent says
 * --stand-in  do without HAProxy although there is one
 * HAPROXY     the HAProxy to use; by default the one on the PATH
 * SPOE_ADDR, HTTP_ADDR, PROXY_ADDR     addresses to use; by default free ones
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Program } from '@spop-internal/testbed/program';
import type { Front } from './demo/front.ts';
import { findHaproxy, startHaproxyFront } from './demo/haproxy-front.ts';
import { startStandIn } from './demo/stand-in.ts';
import { messageOf } from '../shared/message-of.ts';

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));
const REQUESTS_PER_CLIENT = 25;

const CLIENTS = [
  ['192.0.2.10', 'not listed'],
  ['10.1.2.3', 'in 10.0.0.0/8'],
  ['2001:db8:1::1', 'not listed'],
  ['2001:db8:bad::1', 'in 2001:db8:bad::/48'],
  ['2001:db8:bad:1::1', 'in 2001:db8:bad:1::/64, the more specific one'],
  ['::ffff:10.1.2.3', 'IPv4-mapped'],
] as const;

async function startAgent(): Promise<{ agent: Program; spoeAddress: string }> {
  const agent = new Program(process.execPath, ['--conditions=@spop/source', AGENT], {
    name: 'the agent',
    env: { SPOE_ADDR: process.env['SPOE_ADDR'] ?? '127.0.0.1:0' },
  });
  try {
    return { agent, spoeAddress: await agent.says(/^listening on\s+(\S+)$/m) };
  } catch (error) {
    await agent.stop();
    throw error;
  }
}

interface Row {
  readonly cells: readonly string[];
  /** The error of each request without the agent's answer. */
  readonly failures: readonly string[];
}

/** Several requests of one client, one after another; the row shows the last answer and the median of the latencies. */
async function askAs(front: Front, client: string, why: string): Promise<Row> {
  const latencies: number[] = [];
  const failures: string[] = [];
  let shown = await front.ask(client);
  for (let i = 1; i < REQUESTS_PER_CLIENT; i++) {
    const startedAt = performance.now();
    const answer = await front.ask(client);
    latencies.push(performance.now() - startedAt);
    if (answer.score === undefined) failures.push(`${client}: ${answer.error ?? 'no score'}`);
    else shown = answer;
  }
  const median = latencies.toSorted((a, b) => a - b)[latencies.length >> 1] ?? 0;
  const outcome = `${shown.outcome}${shown.denied ? ', denied' : ''}`;
  return { cells: [client, why, String(shown.score ?? '-'), outcome, `${median.toFixed(2)} ms`], failures };
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd());
}

async function show(front: Front): Promise<void> {
  console.log(`In front of it: ${front.title}\n`);
  const rows: Row[] = [];
  for (const [client, why] of CLIENTS) rows.push(await askAs(front, client, why));
  printTable([['client', 'in the table', 'score', "HAProxy's answer", 'latency'], ...rows.map((row) => row.cells)]);
  console.log(`\n  Each client asked ${REQUESTS_PER_CLIENT} times; latency is the median of ${front.measures}.`);
  const failures = rows.flatMap((row) => row.failures);
  if (failures.length === 0) return;
  const all = rows.length * REQUESTS_PER_CLIENT;
  const problem = `${failures.length} of ${all} requests went without the agent's answer:\n${failures.join('\n')}`;
  // A busy machine may miss HAProxy's deadline now and then.
  if (failures.length > all / 10) throw new Error(problem);
  console.log(`  ${problem}`);
}

/** Settles at the first signal to stop. Further ones have no effect: npm sends Ctrl-C a second time. */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => resolve(undefined));
  });
}

async function keepUp(front: Front, agent: Program, told: string): Promise<never> {
  console.log(`\nStays up until Ctrl-C. To try:`);
  for (const line of front.usage) console.log(`  ${line}`);
  console.log(`  edit docs/examples/ip-reputation/ip-scores.txt: the agent takes it up within a second`);
  console.log(`\nThe agent says:`);
  process.stdout.write(agent.output.slice(told.length));
  agent.follow((text) => void process.stdout.write(text));
  const agentEnded = agent.ended.then((ending) => `the agent ended with ${ending}:\n${agent.output}`);
  const broken = await Promise.race([front.broken, agentEnded]);
  // Ctrl-C ends the children, too: if the signal is about to arrive here, their end is not a failure.
  await sleep(200);
  throw new Error(broken);
}

function printGoingOn(real: boolean): void {
  console.log(`
To go on:
  npm start -- --keep             the same, and it stays up for your own requests
  docs/examples/ip-reputation     the agent, its table, and HAProxy's configuration; README.md has the steps`);
  if (!real)
    console.log(`  install HAProxy (2.6 or later)  and the next npm start runs with it instead of the stand-in`);
}

interface Demo {
  readonly agent: Program;
  /** The agent's output when it was ready. */
  readonly told: string;
  readonly front: Front;
  readonly keep: boolean;
  readonly isReal: boolean;
}

async function run({ agent, told, front, keep, isReal }: Demo): Promise<void> {
  try {
    await show(front);
  } catch (error) {
    // A HAProxy that is about to end may accept connections and reset them: report the reason of its end.
    throw new Error(await Promise.race([front.broken, sleep(1_000, messageOf(error))]), { cause: error });
  }
  if (keep) await keepUp(front, agent, told);
  else printGoingOn(isReal);
}

async function main(): Promise<void> {
  const flag = { type: 'boolean', default: false } as const;
  const { keep, 'stand-in': standIn } = parseArgs({ options: { keep: flag, 'stand-in': flag } }).values;
  const stopped = stopSignal();
  const program = standIn ? undefined : await findHaproxy();
  const { agent, spoeAddress } = await startAgent();
  let front: Front | undefined;
  try {
    const told = agent.output;
    console.log(`The agent:\n${told.trimEnd().replaceAll(/^/gm, '  ')}\n`);
    front = await (program === undefined ? startStandIn(spoeAddress) : startHaproxyFront(program, spoeAddress));
    await Promise.race([run({ agent, told, front, keep, isReal: program !== undefined }), stopped]);
  } finally {
    await front?.close();
    await agent.stop();
  }
  if (keep) console.log('\nStopped, and everything that was started with it.');
}

try {
  await main();
} catch (error) {
  console.error(`\nThe demo has failed: ${messageOf(error)}`);
  process.exitCode = 1;
}
