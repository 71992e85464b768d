/**
 * Measures the agent of docs/examples/browser-validation: its checks; its time with HAProxy while 1,000 forged cookies and
 * 1,000 wrong answers a second come from 100,000 addresses; and the time of a visit with a browser, by level.
 *
 *     pnpm run bench:browser-validation [checks] [flood] [browser] [--check]
 *
 * Without a name it measures all three. With --check the exit code is 1 if a figure is not within its limit.
 */
import { fileURLToPath } from 'node:url';
import { unpackDebian } from '@spop-internal/testbed/debian/unpack';
import { CHROMIUM } from '@spop-internal/testbed/debian/chromium';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { findHaproxies } from '@spop-internal/testbed/haproxy/releases';
import { Origin } from '@spop-internal/testbed/origin';
import { Program } from '@spop-internal/testbed/program';
import { launch, Relay } from '../../docs/examples/browser-validation/browser.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import type { Measured } from '../harness/measured.ts';
import { missed, report } from '../harness/limits.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { resultOf } from '../harness/script.ts';
import { cpuSecondsOf, memoryMiBOf } from '../load/agent-process.ts';
import { Flood } from './flood.ts';

const EXAMPLE = new URL('../../docs/examples/browser-validation/', import.meta.url);
/** At 2,000 requests a second, each from another address, all 100,000 addresses have asked after this time. */
const FLOOD_S = 50;
const SOLVED = 15;
const LEVELS = [1, 2, 3] as const;

const here = (name: string, base: string | URL = import.meta.url): string => fileURLToPath(new URL(name, base));

async function reportChecks(): Promise<void> {
  const script = new URL('checks.ts', import.meta.url);
  const found = (await resultOf(script, [...plainJsFlags(), ...exactHeapFlags])) as Record<string, Measured>;
  for (const [name, { ns, bytes }] of Object.entries(found)) {
    report(name, 1e9 / ns, '/s');
    report('  its heap', bytes, 'B', { atMost: name === 'a cookie of another shape' ? 0 : undefined });
  }
}

interface Pair {
  readonly agent: Program;
  readonly haproxy: Haproxy;
  readonly stop: () => Promise<void>;
}

async function start(env: Readonly<Record<string, string>>): Promise<Pair> {
  const agent = new Program(process.execPath, ['--conditions=@spop/source', here('agent.ts', EXAMPLE)], {
    env: { SPOE_ADDR: '127.0.0.1:0', ...env },
  });
  const site = await Origin.serve((_, response) => response.end('<title>site</title>the site'));
  const [release] = await findHaproxies(['forky']);
  const haproxy = await Haproxy.start({
    program: release?.program ?? 'haproxy',
    config: new URL('haproxy.cfg', EXAMPLE),
    env: {
      HTTP_ADDR: 'unix@${RUN_DIR}/direct.sock',
      PROXY_ADDR: 'unix@${RUN_DIR}/http.sock',
      STATS_ADDR: 'unix@${RUN_DIR}/stats.sock',
      APP_ADDR: site.address,
      // A request that the agent did not answer for does not pass.
      WHEN_AWAY: 'closed',
      SPOE_ADDR: await agent.says(/^listening on\s+(\S+)$/m),
    },
  });
  const stop = async (): Promise<void> => {
    await haproxy.stop();
    await agent.stop();
    site.stop();
  };
  return { agent, haproxy, stop };
}

async function reportFlood(): Promise<void> {
  const { agent, haproxy, stop } = await start({ WORK_BITS: '8,8,8' });
  try {
    const flood = await Flood.prepare(haproxy.httpSocket);
    await flood.run(2);
    const usage = () => ({
      agentS: cpuSecondsOf(agent.pid),
      haproxyS: cpuSecondsOf(haproxy.pid),
      agentMb: (memoryMiBOf(agent.pid, 'VmRSS') * 2 ** 20) / 1e6,
    });
    const before = usage();
    const { sent, passed, unanswered, visits, turnedAway, p99Ms, elapsedS } = await flood.run(FLOOD_S);
    const after = usage();
    console.log(
      `\n${sent} forged cookies and answers in ${elapsedS.toFixed(1)} s, and ${visits} requests of true visitors`,
    );
    report('forged ones that passed', passed, '', { atMost: 0 });
    report('forged ones without an answer', unanswered, '', { atMost: 0 });
    report('resident memory of the agent more than before', after.agentMb - before.agentMb, 'MB', { atMost: 100 });
    report('true visitors that did not get the site', turnedAway, '', { atMost: 0 });
    report("a true visitor's p99", p99Ms, 'ms', { atMost: 50 });
    report('processor of the agent', (100 * (after.agentS - before.agentS)) / elapsedS, '%');
    report('processor of HAProxy', (100 * (after.haproxyS - before.haproxyS)) / elapsedS, '%');
  } finally {
    await stop();
  }
}

async function reportBrowser(): Promise<void> {
  const browser = await launch(await unpackDebian(CHROMIUM));
  try {
    for (const level of LEVELS) {
      // The default bits of each level, set as those of level 1.
      const { haproxy, stop } = await start({ WORK_BITS: `${14 + 2 * level},32,32` });
      const relay = await Relay.start(haproxy.httpSocket, '192.0.2.1');
      const times: number[] = [];
      for (let index = 0; index < SOLVED; index++) {
        const context = await browser.newContext();
        const page = await context.newPage();
        const startedAt = performance.now();
        await page.goto(`http://site.test:${relay.port}/`, { waitUntil: 'commit' });
        await page.getByText('the site', { exact: true }).waitFor();
        times.push((performance.now() - startedAt) / 1_000);
        await context.close();
      }
      times.sort((a, b) => a - b);
      const bits = 14 + 2 * level;
      report(`level ${level}, ${bits} bits: from the request to the site, median`, times[SOLVED >> 1] ?? 0, 's');
      report(`  the slowest of ${SOLVED}`, times.at(-1) ?? 0, 's', { atMost: level === 1 ? 5 : undefined });
      relay.stop();
      await stop();
    }
  } finally {
    await browser.close();
  }
}

const parts = { checks: reportChecks, flood: reportFlood, browser: reportBrowser };
const named = Object.entries(parts).filter(([name]) => process.argv.includes(name));
for (const [, part] of named.length > 0 ? named : Object.entries(parts)) await part();
process.exitCode = missed > 0 && process.argv.includes('--check') ? 1 : 0;
