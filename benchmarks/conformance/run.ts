/**
 * Plays the cases of `spop conformance` against agents in several languages.
 *
 *     pnpm run conformance [--filter NAME] [--docs]
 *
 * Prints the verdicts, or with `--docs` writes them into docs/conformance.md.
 */
import { parseArgs } from 'node:util';
import { checkoutInfo, machineInfo } from '../harness/machine.ts';
import { fillInFile } from '../harness/page.ts';
import { startProgress } from '../harness/progress.ts';
import { buildAgents } from './agents.ts';
import { judgeAgent } from './judge.ts';
import { type AgentVerdicts, reportParts } from './report.ts';

const { values } = parseArgs({
  options: { filter: { type: 'string', default: '' }, docs: { type: 'boolean', default: false } },
});

const progress = startProgress();
const startedAt = new Date().toISOString();
const { agents, skipped } = await buildAgents(values.filter, progress);
const judged: AgentVerdicts[] = [];
for (const agent of agents) {
  progress(`asking ${agent.name}`);
  const { name, language, version } = agent;
  const verdicts = await judgeAgent(agent);
  const failed = verdicts.filter(({ result }) => result === 'fail').length;
  progress(`${name}: ${failed} of ${verdicts.length} fail`);
  judged.push({ name, language, version, verdicts });
}
const { commit } = checkoutInfo();
const parts = reportParts({ startedAt, commit, machine: machineInfo().cpu, agents: judged, skipped });
if (values.docs) fillInFile('docs/conformance.md', parts);
else for (const lines of Object.values(parts)) process.stdout.write(`${lines.join('\n')}\n\n`);
