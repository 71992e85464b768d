/**
 * Plays the cases of `spop conformance` against agents in several languages, and writes docs/conformance.md.
 *
 *     pnpm run conformance [--filter NAME] [--json FILE] [--from FILE] [--docs]
 *
 * `--from FILE` takes verdicts from a file that `--json` wrote; with `--filter` it judges those agents again.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkoutInfo, machineInfo } from '../codec/machine.ts';
import { judgeAgent } from '../peers/correctness.ts';
import { buildAgents } from './agents.ts';
import { type ConformanceRun, writeReport } from './report.ts';

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    json: { type: 'string' },
    from: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

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
    const verdicts = await judgeAgent(agent, () => {});
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
writeFileSync(values.json ?? here('../results/conformance.json'), JSON.stringify(run, null, 1));
const report = writeReport(run);
if (values.docs) writeFileSync(here('../../docs/conformance.md'), report);
else process.stdout.write(report);
