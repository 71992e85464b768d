/**
 * Restarts two agents behind one HAProxy backend, one after the other, while requests flow, and counts what is lost.
 *
 *     pnpm run bench:restart [--rounds 5] [--workers 20] [--delay 3] [--release 3.0] [--json FILE]
 *
 * HAProxy notes a NOTIFY without an answer in `txn.restart.error` (`option set-on-error`): 1 is a timeout, 2 that there
 * is no connection, 256 + N SPOP's error N.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Haproxy, type HaproxyOptions } from '@spop-internal/testbed/haproxy/haproxy';
import { findHaproxies, type HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { machineInfo } from '../codec/machine.ts';
import { AgentProcess } from './agent-process.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    workers: { type: 'string', default: '20' },
    delay: { type: 'string', default: '3' },
    release: { type: 'string', default: '' },
    pipelining: { type: 'string' },
    json: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
const rounds = Number(values.rounds);
const workers = Number(values.workers);

/** Between two requests of a worker. */
const PAUSE_MS = 2;

/** What became of the requests of a round. */
interface Outcome {
  requests: number;
  /** By code of the error, or `status N`. */
  readonly lost: Record<string, number>;
  /** How long the agents took from the signal to their exit. */
  readonly closeMs: number[];
}

function configuration(ports: readonly number[], isPipelining: boolean): Pick<HaproxyOptions, 'config' | 'files'> {
  const servers = ports.map((port, i) => `  server agent${i} 127.0.0.1:${port}`);
  const config = `
global
  nbthread ${values.threads}
defaults
  mode http
  # HAProxy 3.4 and later would not wait for the agent's answer where the client closes.
  no option abortonclose
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend entry
  bind "unix@\${RUN_DIR}/http.sock"
  filter spoe engine restart config "\${RUN_DIR}/spoe.conf"
  http-after-response set-header x-error %[var(txn.restart.error)] if { var(txn.restart.error) -m found }
  http-request return status 200 content-type text/plain string ok
backend agents
  mode tcp
  balance roundrobin
  option redispatch 1
  timeout server 30s
${servers.join('\n')}
`;
  const spoe = `
[restart]
spoe-agent restart
  messages check
  option var-prefix restart
  option set-on-error error
  ${isPipelining ? '' : 'no '}option pipelining
  timeout hello 2s
  timeout idle 30s
  timeout processing 3s
  use-backend agents
spoe-message check
  args path=path
  event on-frontend-http-request
`;
  return { config, files: { 'spoe.conf': spoe } };
}

function startAgent(port: number): Promise<AgentProcess> {
  const program = fileURLToPath(new URL('restartable-agent.ts', import.meta.url));
  const args = ['--conditions=@spop/source', program, String(port), values.delay];
  return AgentProcess.start({ program: process.execPath, args });
}

/** One request; the code of what went wrong, or undefined. */
async function ask(client: HttpClient): Promise<string | undefined> {
  const { status, headers } = await client.request();
  return headers['x-error'] ?? (status === 200 ? undefined : `status ${status}`);
}

/**
 * Requests flow from now on, until the returned function is called: it waits for the answers of those that were sent
 * before. Without pipelining, HAProxy 2.6 looks at its queue only when another NOTIFY comes in the same thread (mended in
 * 2.9, src/flt_spoe.c). Traffic that stops all at once would leave its last requests there, so that it goes on meanwhile,
 * uncounted.
 */
function flow(socketPath: string, outcome: Outcome): () => Promise<void> {
  const client = new HttpClient(socketPath, { maxSockets: workers });
  let isFlowing = true;
  let unanswered = 0;
  const count = async (): Promise<void> => {
    unanswered++;
    const lost = await ask(client);
    unanswered--;
    outcome.requests++;
    if (lost !== undefined) outcome.lost[lost] = (outcome.lost[lost] ?? 0) + 1;
  };
  const work = async (): Promise<void> => {
    while (isFlowing || unanswered > 0) {
      if (isFlowing) await count();
      else await ask(client).catch(() => {});
      await sleep(PAUSE_MS);
    }
  };
  const all = Promise.all(Array.from({ length: workers }, work));
  return async () => {
    isFlowing = false;
    while (unanswered > 0) await sleep(PAUSE_MS);
    client.stop();
    await all;
  };
}

async function round({ program }: HaproxyRelease, isPipelining: boolean): Promise<Outcome> {
  const outcome: Outcome = { requests: 0, lost: {}, closeMs: [] };
  const agents = [await startAgent(0), await startAgent(0)];
  const ports = agents.map(({ port }) => port);
  let haproxy: Haproxy | undefined;
  try {
    haproxy = await Haproxy.start({ program, ...configuration(ports, isPipelining) });
    const stop = flow(haproxy.httpSocket, outcome);
    await sleep(800);
    for (const [i, agent] of agents.entries()) {
      const startedAt = performance.now();
      await agent.stop();
      outcome.closeMs.push(performance.now() - startedAt);
      await sleep(200);
      agents[i] = await startAgent(agent.port);
      await sleep(600);
    }
    await stop();
  } finally {
    await haproxy?.stop();
    await Promise.all(agents.map((agent) => agent.stop()));
  }
  return outcome;
}

const results: { haproxy: string; isPipelining: boolean; outcomes: Outcome[] }[] = [];
const variants = values.pipelining === undefined ? [false, true] : [values.pipelining === 'on'];
for (const haproxy of await findHaproxies()) {
  if (!haproxy.version.startsWith(values.release)) continue;
  for (const isPipelining of variants) {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < rounds; i++) {
      outcomes.push(await round(haproxy, isPipelining));
      process.stderr.write(
        `HAProxy ${haproxy.version}, pipelining ${isPipelining ? 'on' : 'off'}: ${JSON.stringify(outcomes.at(-1))}\n`,
      );
    }
    results.push({ haproxy: haproxy.version, isPipelining, outcomes });
  }
}

const { cores, cpu } = machineInfo();
const lines = [
  `${rounds} rounds of two restarts each, ${workers} clients, answers after ${values.delay} ms; Node ${process.versions.node}, ${cores} cores of ${cpu}.`,
  '',
  '| HAProxy | pipelining | requests | lost | by code | longest close |',
  '| --- | --- | ---: | ---: | --- | ---: |',
];
for (const { haproxy, isPipelining, outcomes } of results) {
  const requests = outcomes.reduce((sum, outcome) => sum + outcome.requests, 0);
  const byCode: Record<string, number> = {};
  for (const { lost } of outcomes) {
    for (const [code, count] of Object.entries(lost)) byCode[code] = (byCode[code] ?? 0) + count;
  }
  const lost = Object.values(byCode).reduce((sum, count) => sum + count, 0);
  const codes = Object.entries(byCode).map(([code, count]) => `${code}: ${count}`);
  const longest = Math.max(...outcomes.flatMap(({ closeMs }) => closeMs));
  lines.push(
    `| ${haproxy} | ${isPipelining ? 'on' : 'off'} | ${requests} | ${lost} | ${codes.join(', ')} | ${Math.round(longest)} ms |`,
  );
}
process.stdout.write(`${lines.join('\n')}\n`);
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ machine: machineInfo(), results }, null, 2));
