/** The agents of docs/conformance.md: those that ../peers/lanes.ts builds, and HAProxy's own example in C. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { accepts, freePort } from '@spop-internal/testbed/ports';
import { Program } from '@spop-internal/testbed/program';
import { anyAnswer } from '../../packages/builder/src/conformance/contract.ts';
import { AgentProcess } from '../load/agent-process.ts';
import { BUILD } from '../load/load-tool.ts';
import { buildLanes, type SkippedLane } from '../peers/lanes.ts';
import type { JudgedAgent, RunningAgent } from './judge.ts';

/** An agent, with its row of the table. */
export interface ListedAgent extends JudgedAgent {
  readonly name: string;
  readonly language: string;
  readonly version: string;
}

/** Variants and yardsticks that are only measured: nobody runs them with HAProxy. */
const LEFT_OUT: ReadonlySet<string> = new Set(['haproxy-go, mended', 'spop + tokio, batched', 'least Node']);
const EXAMPLE = 'haproxy/spoa-example';

/** Builds the agents whose name contains `filter`. */
export async function buildAgents(
  filter: string,
  progress: (text: string) => void,
): Promise<{ agents: ListedAgent[]; skipped: SkippedLane[] }> {
  const { lanes, skipped } = await buildLanes(process.versions.node, filter, progress, LEFT_OUT);
  const agents: ListedAgent[] = lanes.map(({ name, language, version, command }) => ({
    name,
    language,
    version,
    start: () => AgentProcess.start(command),
  }));
  if (EXAMPLE.includes(filter)) {
    progress(`building ${EXAMPLE}`);
    try {
      agents.push(await buildExample());
    } catch (error) {
      skipped.push({ name: EXAMPLE, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { agents, skipped };
}

/**
 * HAProxy's example, from the checkout of its repository that SPOA_EXAMPLE names. It needs libevent and its headers; CPATH
 * and LIBRARY_PATH name their folders if the compiler does not find them.
 */
async function buildExample(): Promise<ListedAgent> {
  const folder = process.env['SPOA_EXAMPLE'] ?? '';
  if (folder === '') throw new Error(`SPOA_EXAMPLE names no checkout of github.com/${EXAMPLE}`);
  mkdirSync(BUILD, { recursive: true });
  const source = readFileSync(`${folder}/spoa.c`, 'utf8');
  // It listens on all addresses of the machine, and has no option for that.
  const local = source.replace('s_addr = INADDR_ANY', 's_addr = htonl(INADDR_LOOPBACK)');
  if (local === source) throw new Error(`${folder}/spoa.c is not as expected: no s_addr = INADDR_ANY`);
  writeFileSync(`${BUILD}spoa.c`, local);
  const program = `${BUILD}spoa`;
  const libraries = ['-Wl,-Bstatic', '-levent', '-levent_pthreads', '-Wl,-Bdynamic'];
  const run = promisify(execFile);
  await run('cc', ['-O2', '-pthread', `-I${folder}/include`, '-o', program, `${BUILD}spoa.c`, ...libraries]);
  const commit = await run('git', ['-C', folder, 'rev-parse', '--short', 'HEAD']).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown commit',
  );
  const start = async (): Promise<RunningAgent> => {
    const port = await freePort();
    const running = new Program(program, ['-p', String(port)], { name: EXAMPLE });
    await running.until(async () => ((await accepts({ port, host: '127.0.0.1' })) ? true : undefined));
    return {
      port,
      get alive() {
        return running.isRunning;
      },
      stop: () => running.stop({ graceMs: 2_000 }),
    };
  };
  // Its scores are random.
  return { name: EXAMPLE, language: 'C', version: commit, start, contract: anyAnswer('check-client-ip', 'ip') };
}
