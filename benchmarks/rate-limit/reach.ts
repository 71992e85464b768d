/**
 * Measures how long a decision of docs/examples/gcra-rate-limit takes with HAProxy 3.2 and 16 visitors that keep their
 * connections: in memory, with one server, and with a cluster; the latter two also with the least possible client. --svg
 * names the file for the plot.
 *
 *     pnpm run bench:rate-limit-store [--seconds 3] [--rounds 3] [--svg FILE]
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unpackDebian } from '@spop-internal/testbed/debian/unpack';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { haproxyConfig, spoeConfig } from '@spop-internal/testbed/haproxy/config';
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { freePort } from '@spop-internal/testbed/ports';
import { Program } from '@spop-internal/testbed/program';
import { Store } from '@spop-internal/testbed/store';
import { StoreCluster } from '@spop-internal/testbed/store-cluster';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { summarize } from '../harness/statistics.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { cpuSecondsOf } from '../load/agent-process.ts';
import { takeTurns } from '../load/rounds.ts';
import { loadHttp } from '../load/wrk.ts';
import { reachSvg } from './plot.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    svg: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const VISITORS = 16;
const WARM_S = 2;
/** HAProxy answers at once. */
const WITHOUT = 'without an agent';
/** The highest factor to the CPU time of the floor. */
const LIMITS: Readonly<Record<string, number>> = { 'one server': 1.4, cluster: 2.1 };
/** A random client of 65,536 in each request. */
const VISIT = `request = function()
  local host = math.random(0, 65535)
  return wrk.format(nil, nil, { ["x-forwarded-for"] = "10.0." .. math.floor(host / 256) .. "." .. host % 256 })
end`;

/** One agent to measure, or none. */
interface Subject {
  readonly name: string;
  readonly args?: readonly string[];
  readonly stores?: readonly Store[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
  /** Of all servers of the store together. */
  readonly storeCpuUs: number;
}

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function measure(subject: Subject, haproxyProgram: string, wrk: string, script: string): Promise<Sample> {
  const { name, args, env, stores = [] } = subject;
  const agent =
    args &&
    new Program(process.execPath, [...plainJsFlags(), ...args], { name, env: { SPOE_ADDR: '127.0.0.1:0', ...env } });
  let haproxy: Haproxy | undefined;
  try {
    const address = (await agent?.says(/^listening on +(\S+)$/m)) ?? '127.0.0.1:1';
    const port = await freePort();
    const source = stores.length === 0 ? 'memory' : 'store';
    const isDecided = `http-request return status 503 unless { var(sess.e2e.rate_source) -m str ${source} }`;
    const configuration = {
      messages: {
        'check-rate': {
          args: 'ip_xff=req.hdr(x-forwarded-for)',
          event: `on-frontend-http-request${agent === undefined ? ' if FALSE' : ''}`,
        },
      },
      agentLines: ['option pipelining'],
      frontendLines: [
        `bind 127.0.0.1:${port}`,
        ...(agent === undefined ? [] : [isDecided]),
        'http-request return status 200 content-type text/plain string ok',
      ],
    };
    haproxy = await Haproxy.start({
      program: haproxyProgram,
      config: haproxyConfig(configuration, address),
      files: { 'spoe.conf': spoeConfig(configuration) },
      entry: { host: '127.0.0.1', port },
    });
    await sleep(1_500);
    await loadHttp(wrk, port, { connections: VISITORS, seconds: WARM_S, script });
    const cpuSeconds = (): number[] =>
      [agent, ...stores].map((each) => (each === undefined ? 0 : cpuSecondsOf(each.pid)));
    const before = cpuSeconds();
    const found = await loadHttp(wrk, port, { connections: VISITORS, seconds, script });
    const [cpuUs = 0, ...ofStores] = cpuSeconds().map((s, index) => ((s - before[index]!) / found.requests) * 1e6);
    const { requestsPerSecond: perSecond, p50, p99 } = found;
    return {
      perSecond,
      p50Ms: p50 / 1_000,
      p99Ms: p99 / 1_000,
      cpuUs,
      storeCpuUs: ofStores.reduce((sum, each) => sum + each, 0),
    };
  } finally {
    await haproxy?.stop();
    await agent?.stop();
  }
}

const [release] = await findHaproxies(['forky']);
if (release === undefined) throw new Error('expected HAProxy 3.2');
const wrk = `${await unpackDebian({ packages: ['wrk'], suites: ['bookworm'] })}/wrk`;
const valkey = `${await unpackDebian({ packages: ['valkey-server'], suites: ['trixie'] })}/valkey-server`;
const folder = await TemporaryFolder.make();
const script = folder.file('visit.lua');
await writeFile(script, VISIT);
const store = await Store.start(valkey);
const cluster = await StoreCluster.start(valkey);
let missed = false;
try {
  const agent = here('../../docs/examples/gcra-rate-limit/agent.ts');
  const withStore = (nodes: string) => ({ VALKEY_NODES: nodes, VALKEY_DEADLINE_MS: '2000' });
  const [one, three] = [[store], cluster.masters];
  const subjects: readonly Subject[] = [
    { name: WITHOUT },
    { name: 'in memory', args: [agent] },
    { name: 'one server, floor', args: [here('bare-agent.ts'), `${store.port}`], stores: one },
    { name: 'one server', args: [agent], env: withStore(`redis://${store.address}`), stores: one },
    { name: 'cluster, floor', args: [here('bare-agent.ts'), ...three.map(({ port }) => `${port}`)], stores: three },
    { name: 'cluster', args: [agent], env: withStore(`redis://${three[0]?.address}`), stores: three },
  ];
  const samples = await takeTurns(subjects, Number(values.rounds), (subject) =>
    measure(subject, release.program, wrk, script),
  );
  console.log(
    `HAProxy ${release.version}, Node ${process.versions.node}, ${VISITORS} visitors, medians of ${values.rounds} rounds\n`,
  );
  console.log(
    '| store | decisions/s | added p50, ms | added p99, ms | CPU of the agent, µs a decision | CPU of the store, µs | against the floor |',
  );
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  const medians = [...samples].map(([{ name }, { list, error }]) => {
    if (error !== undefined) throw new Error(`${name}: ${error}`);
    const median = (of: keyof Sample): number => summarize(list.map((sample) => sample[of])).median;
    return {
      name,
      perSecond: median('perSecond'),
      p50Ms: median('p50Ms'),
      p99Ms: median('p99Ms'),
      agentCpuUs: median('cpuUs'),
      storeCpuUs: median('storeCpuUs'),
    };
  });
  const base = medians.find(({ name }) => name === WITHOUT);
  const found = medians
    .filter((each) => each !== base)
    .map((each) => ({
      ...each,
      addedP50Ms: each.p50Ms - (base?.p50Ms ?? 0),
      addedP99Ms: each.p99Ms - (base?.p99Ms ?? 0),
    }));
  let floorUs = Number.NaN;
  for (const { name, perSecond, addedP50Ms, addedP99Ms, agentCpuUs, storeCpuUs } of found) {
    if (name.endsWith('floor')) floorUs = agentCpuUs;
    const limit = LIMITS[name];
    const ratio = agentCpuUs / floorUs;
    if (limit !== undefined && ratio > limit) missed = true;
    const verdict =
      limit === undefined ? '' : `${ratio.toFixed(2)}, ${ratio > limit ? 'MISSED' : 'held'}: at most ${limit}`;
    const figures = [
      perSecond.toFixed(0),
      addedP50Ms.toFixed(2),
      addedP99Ms.toFixed(2),
      agentCpuUs.toFixed(1),
      storeCpuUs.toFixed(1),
    ];
    console.log(`| ${[name, ...figures, verdict].join(' | ')} |`);
  }
  console.log(
    `\n${WITHOUT}: ${base?.perSecond.toFixed(0)} requests/s, p50 ${base?.p50Ms.toFixed(2)} ms, p99 ${base?.p99Ms.toFixed(2)} ms`,
  );
  if (values.svg !== undefined) await writeFile(values.svg, await reachSvg(found));
} finally {
  await store.stop();
  await cluster.stop();
  await folder.stop();
}
process.exitCode = missed ? 1 : 0;
