/**
 * Puts an agent under mixed traffic, faults and reloads of HAProxy: its memory and its handles must not grow.
 *
 *     pnpm run soak --minutes 10        prints its findings as JSON
 *
 * The exit code is 1 if memory or handles grew, or if a resource was held at rest.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { machineInfo } from '../harness/machine.ts';
import { startProgress } from '../harness/progress.ts';
import { injectFaults, injected } from './faults.ts';
import { startHaproxy } from './haproxy.ts';
import { growths, leftovers } from './judge.ts';
import type { SoakSample } from './agent.ts';
import { askDirectly, askThrough, outcomes } from './traffic.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
const totalMs = Number(values.minutes) * 60_000;
const WORKERS = 8;
const RELOAD_EVERY_MS = 5_000;
const REST_MS = 8_000;
const PROGRESS_EVERY = 10;

// They may have to be downloaded, during which the agent would report that it is idle.
const releases = await findHaproxies();
const program = fileURLToPath(new URL('agent.ts', import.meta.url));
const agent = fork(program, { execArgv: ['--conditions=@spop/source', '--expose-gc'], stdio: 'inherit' });
process.once('exit', () => void agent.kill('SIGKILL'));
const [port] = (await once(agent, 'message')) as [number];

const haproxies = await Promise.all(releases.map((each) => startHaproxy(each, port)));

const startedAt = performance.now();
const isOver = (): boolean => performance.now() - startedAt >= totalMs || agent.exitCode !== null;

const progress = startProgress();
const samples: SoakSample[] = [];
agent.on('message', (sample: SoakSample) => {
  samples.push(sample);
  if (samples.length % PROGRESS_EVERY === 0) {
    const { rss, heap, handles, openConnections, notifies } = sample;
    progress(
      `${notifies} NOTIFYs, ${openConnections} connections, rss ${rss.toFixed(1)} MiB, heap ${heap.toFixed(2)} MiB, ` +
        `${handles} handles, ${outcomes.requests} requests (${outcomes.broken} broken)`,
    );
  }
});

async function reload(): Promise<void> {
  for (let i = 0; !isOver(); i++) {
    await sleep(RELOAD_EVERY_MS);
    await haproxies[i % haproxies.length]?.reload();
  }
}

const [direct] = await Promise.all([
  askDirectly(port, isOver),
  injectFaults(port, isOver),
  reload(),
  ...haproxies.flatMap((haproxy) => Array.from({ length: WORKERS }, () => askThrough(haproxy, isOver))),
]);
const loaded = samples.slice();
await Promise.all(haproxies.map((haproxy) => haproxy.stop()));
await sleep(REST_MS);
const atRest = samples.at(-1);
if (atRest === undefined) throw new Error('expected samples of the agent; found none');
const exited = once(agent, 'exit');
agent.send('stop');
const [exitCode] = (await exited) as [number | null];

const grown = growths(loaded);
const problems = [
  ...grown
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ name, before, after }) => `${name} grew from ${before} to ${after}`),
  ...leftovers(atRest),
  ...(exitCode === 0 ? [] : [`the agent ended with exit code ${exitCode}`]),
];
const findings = {
  minutes: Number(values.minutes),
  node: process.versions.node,
  machine: machineInfo(),
  reloads: haproxies.map(({ version, count }) => ({ version, count })),
  direct,
  outcomes,
  injected,
  atRest,
  grown,
  problems,
};
process.stdout.write(`${JSON.stringify(findings, null, 1)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
