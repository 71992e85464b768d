/**
 * Plays the cases of `spop conformance` against agents in several languages.
 *
 *     pnpm run conformance [--filter NAME] [--from FILE] [--docs]
 *
 * Prints the verdicts, or with `--docs` writes them into docs/conformance.md, and always into
 * benchmarks/results/conformance.json. `--from FILE` takes the verdicts from such a file instead of asking; with
 * `--filter` it asks those agents again.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkoutInfo, machineInfo } from '../harness/machine.ts';
import { fillInFile } from '../harness/page.ts';
import { startProgress } from '../harness/progress.ts';
import { buildAgents } from './agents.ts';
import { judgeAgent } from './judge.ts';
import { type ConformanceRun, reportParts } from './report.ts';

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    from: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const progress = startProgress();

async function judgeAll(): Promise<ConformanceRun> {
  const { agents, skipped } = await buildAgents(values.filter, progress);
  const run: ConformanceRun = {
    startedAt: new Date().toISOString(),
    commit: checkoutInfo(here('../../')).commit,
    machine: machineInfo().cpu,
    agents: [],
    skipped,
  };
  for (const agent of agents) {
    progress(`asking ${agent.name}`);
    const { name, language, version } = agent;
    const verdicts = await judgeAgent(agent);
    const failed = verdicts.filter(({ result }) => result === 'fail').length;
    progress(`${name}: ${failed} of ${verdicts.length} fail`);
    run.agents.push({ name, language, version, verdicts });
  }
  return run;
}

const saved = values.from === undefined ? undefined : (JSON.parse(readFileSync(values.from, 'utf8')) as ConformanceRun);
let run = saved ?? (await judgeAll());
if (saved !== undefined && values.filter !== '') {
  const fresh = await judgeAll();
  const names = new Set(fresh.agents.map(({ name }) => name));
  run = {
    ...fresh,
    skipped: saved.skipped,
    agents: [...saved.agents.filter(({ name }) => !names.has(name)), ...fresh.agents],
  };
}
mkdirSync(here('../results/'), { recursive: true });
writeFileSync(here('../results/conformance.json'), JSON.stringify(run, null, 1));
const parts = reportParts(run);
if (values.docs) fillInFile('docs/conformance.md', parts);
else for (const lines of Object.values(parts)) process.stdout.write(`${lines.join('\n')}\n\n`);
