/**
 * Measures what it saves to ask the agents of docs/examples/ip-blocklist and docs/examples/remediation less often: processor
 * time and questions by HAProxy configuration, for clients that come three times with ten requests each.
 *
 *     pnpm run bench:asking [ip-blocklist | remediation]
 */
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { Program } from '@spop-internal/testbed/program';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf } from '../load/agent-process.ts';

const EXAMPLES = new URL('../../docs/examples/', import.meta.url);
const CONFIGURATIONS = ['haproxy.cfg', 'haproxy-session.cfg', 'haproxy-stick-table.cfg'] as const;
const CLIENTS = 100;
const CONNECTIONS = 3;
const REQUESTS = 10;
/** Clients at a time. */
const AT_ONCE = 10;
const WARM_CLIENTS = 50;

/** One client: some connections, with some requests each. @returns how long each request took, in ms. */
async function visit(haproxy: Haproxy, number: number): Promise<number[]> {
  const durations: number[] = [];
  for (let connection = 0; connection < CONNECTIONS; connection++) {
    const client = new HttpClient(haproxy.httpSocket, { from: `203.0.${number >> 8}.${number & 255}` });
    for (let request = 0; request < REQUESTS; request++) durations.push((await client.request()).durationMs);
    client.stop();
  }
  return durations;
}

async function visitAll(haproxy: Haproxy, first: number, count: number): Promise<number[]> {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const durations: number[] = [];
  const work = async (): Promise<void> => {
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      durations.push(...(await visit(haproxy, number)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return durations.toSorted((a, b) => a - b);
}

async function measure(program: string, example: string, configuration: string): Promise<void> {
  const folder = new URL(`${example}/`, EXAMPLES);
  const args = ['--conditions=@spop/source', fileURLToPath(new URL('agent.ts', folder))];
  const site = await Origin.start('the site');
  // The API that the remediation example asks for decisions; it has none.
  const decisions = await Origin.start('{"new":[],"deleted":[]}');
  const agent = new Program(process.execPath, args, {
    env: {
      BLOCKLIST: 'blocklist.txt',
      LAPI_URL: `http://${decisions.address}`,
      LAPI_KEY: 'any',
      SPOE_ADDR: '127.0.0.1:0',
      METRICS_ADDR: '127.0.0.1:0',
    },
    cwd: folder,
  });
  const SPOE_ADDR = await agent.says(/^listening on +(\S+)$/m);
  const metrics = await agent.says(/^metrics on +(\S+)$/m);
  const questions = async (): Promise<number> => {
    const text = await (await fetch(`http://${metrics}/`)).text();
    return Number(/^spop_agent_notifies_total (\d+)$/m.exec(text)?.[1]);
  };
  const env = {
    SPOE_ADDR,
    APP_ADDR: site.address,
    HTTP_ADDR: 'unix@${RUN_DIR}/direct.sock',
    PROXY_ADDR: 'unix@${RUN_DIR}/http.sock',
    STATS_ADDR: 'unix@${RUN_DIR}/stats.sock',
  };
  const haproxy = await Haproxy.start({ program, config: new URL(configuration, folder), env });
  try {
    await visitAll(haproxy, 0, WARM_CLIENTS);
    const before = [cpuSecondsOf(haproxy.pid), cpuSecondsOf(agent.pid), await questions()] as const;
    const durations = await visitAll(haproxy, WARM_CLIENTS, CLIENTS);
    const microseconds = (now: number, then: number): string => (((now - then) * 1e6) / durations.length).toFixed(0);
    const perClient = ((await questions()) - before[2]) / CLIENTS;
    console.log(
      [
        configuration.padEnd(24),
        perClient.toFixed(1).padStart(11),
        microseconds(cpuSecondsOf(haproxy.pid), before[0]).padStart(12),
        microseconds(cpuSecondsOf(agent.pid), before[1]).padStart(10),
        (durations[durations.length >> 1] ?? Number.NaN).toFixed(2).padStart(8),
      ].join('  '),
    );
  } finally {
    await haproxy.stop();
    await agent.stop();
    site.stop();
    decisions.stop();
  }
}

const [example = 'ip-blocklist'] = process.argv.slice(2);
const [release] = await findHaproxies(['forky']);
if (release === undefined) throw new Error('expected a HAProxy of Debian forky');
console.log(
  `${example}, HAProxy ${release.version}, ${CLIENTS} clients of ${CONNECTIONS} connections with ${REQUESTS} requests each`,
);
console.log('                          questions    CPU time of a request, µs    a request, ms');
console.log('configuration            per client       HAProxy       agent        p50');
for (let round = 0; round < 3; round++) {
  for (const configuration of CONFIGURATIONS) await measure(release.program, example, configuration);
}
