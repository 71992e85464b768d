/**
 * Measures the agent of docs/examples/ip-blocklist with one million entries, a tenth of them IPv6: its time and memory, and
 * whether they are within their limits.
 *
 *     pnpm run bench:blocklist
 *
 * Look-ups are measured in processor time, and so is how long an answer waits for the agent's event loop, as in bench:flood.
 * The wall clock also contains the time of other programs.
 */
import { rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { max } from 'simple-statistics';
import { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { exactHeapFlags } from '../harness/heap.ts';
import { missed, report } from '../harness/limits.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { resultOf } from '../harness/script.ts';
import { memoryMiBOf } from '../load/agent-process.ts';
import { waitForAcks } from '../load/waits.ts';
import type { Figures } from './look-ups.ts';
import { randomLines } from './random-list.ts';

const ENTRIES = 1_000_000;
const SWAPS = 3;
const PAUSE_MS = 2;
const START_TIMEOUT_MS = 60_000;

function here(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function reportLookUps(): Promise<void> {
  const script = new URL('look-ups.ts', import.meta.url);
  const flags = [...plainJsFlags(), ...exactHeapFlags];
  const { ipv4Bytes, ipv6Bytes, lookUps } = (await resultOf(script, flags)) as Figures;
  for (const [name, { ns, bytes, perMille }] of Object.entries(lookUps)) {
    const what = `a look-up of ${name} (${perMille.toFixed(0)} ‰ listed)`;
    // Clients are hardly ever listed. A listed address takes two or three more reads of memory, and has no limit.
    if (!name.endsWith('clients')) report(what, ns, 'ns');
    else {
      report(what, ns, 'ns', { atMost: 100 });
      report(`heap for a look-up of ${name}`, bytes, 'B', { atMost: 0 });
    }
  }
  const nsOf = (what: string): number => lookUps[what]?.ns ?? Number.NaN;
  const mixedNsOf = (how: string): number => 0.9 * nsOf(`IPv4 clients${how}`) + 0.1 * nsOf(`IPv6 clients${how}`);
  for (const clients of ['IPv4 clients', 'IPv6 clients']) {
    report(`net.BlockList takes, ${clients}`, nsOf(`${clients}, net.BlockList`) / nsOf(clients), 'times', {
      atLeast: 40,
    });
  }
  report('the same, a tenth of clients IPv6', mixedNsOf(', net.BlockList') / mixedNsOf(''), 'times', { atLeast: 40 });
  report('memory of the IPv4 part', ipv4Bytes / 1e6, 'MB', { atMost: 10 });
  report('memory of the IPv6 part', ipv6Bytes / 1e6, 'MB');
}

async function reportAgent(): Promise<void> {
  const folder = await TemporaryFolder.make();
  // The lists are made first, so that this process does nothing else while it waits for answers.
  for (let seed = 1; seed <= SWAPS + 1; seed++) {
    await writeFile(folder.file(`list${seed}`), randomLines(ENTRIES, seed).join('\n'));
  }
  const replace = (seed: number): Promise<void> => rename(folder.file(`list${seed}`), folder.file('list'));
  await replace(1);
  const startedAt = performance.now();
  const agent = new Program(
    process.execPath,
    ['--conditions=@spop/source', here('../../docs/examples/ip-blocklist/agent.ts')],
    {
      name: 'the agent',
      env: { SPOE_ADDR: '127.0.0.1:0', BLOCKLIST: folder.file('list') },
    },
  );
  try {
    const port = Number(await agent.says(/^listening on +127\.0\.0\.1:(\d+)$/m, START_TIMEOUT_MS));
    report('start until it listens', (performance.now() - startedAt) / 1_000, 's', { atMost: 10 });
    const { pid } = agent;
    let isOver = false;
    const waiting = waitForAcks({ port, pid }, PAUSE_MS, () => isOver);
    let slowest = 0;
    for (let swap = 1; swap <= SWAPS; swap++) {
      await replace(swap + 1);
      const hungUpAt = performance.now();
      agent.signal('SIGHUP');
      const isSwapped = (): true | undefined =>
        agent.output.match(/^in force/gm)?.length === swap + 1 ? true : undefined;
      await agent.until(isSwapped, START_TIMEOUT_MS);
      slowest = Math.max(slowest, performance.now() - hungUpAt);
    }
    isOver = true;
    const waits = await waiting;
    // V8 has not yet compiled the code of the first answers.
    const compiled = waits.slice(100);
    report(`SIGHUP until another list is in force, slowest of ${SWAPS}`, slowest / 1_000, 's', { atMost: 20 });
    report('resident memory at its peak', memoryMiBOf(pid, 'VmHWM'), 'MiB', { atMost: 400 });
    report(`an answer, slowest of ${waits.length}, by the clock`, max(compiled.map(({ wall }) => wall)), 'ms', {
      atMost: 50,
    });
    report('the same, in processor time of the event loop', max(compiled.map(({ agent: ms }) => ms)), 'ms', {
      atMost: 10,
    });
  } finally {
    await agent.stop();
    await folder.stop();
  }
}

await reportLookUps();
await reportAgent();
process.exitCode = missed === 0 ? 0 : 1;
