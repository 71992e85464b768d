/**
 * Says what changed from a commit to the working tree, or to another commit:
 * `pnpm run bench:compare BASE [HEAD] [--filter NAME] [--all] [--minutes N]`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findSpopCases } from '../codec/catalogue.ts';
import { Progress } from '../codec/progress.ts';
import { type Comparison, type Sides, compareCase, representative, withSides } from './compare-cases.ts';
import { reportLines } from './report.ts';

const help = `pnpm run bench:compare BASE [HEAD] [options]
  BASE, HEAD       two commits; without HEAD the working tree
  --filter NAME    only cases whose name contains NAME; several with commas
  --all            every case; without it and --filter: ${representative.join(', ')}
  --minutes N      the most that one case may take; 10 by default`;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filter: { type: 'string' },
    all: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [base, head] = positionals;
const root = fileURLToPath(new URL('../..', import.meta.url));

if (options.help || base === undefined) {
  console.error(help);
  process.exitCode = options.help ? 0 : 2;
} else {
  const comparisons = await withSides(root, { base, head }, compareAll);
  for (const line of reportLines(comparisons)) console.log(line);
  if (comparisons.length === 0 || comparisons.some(({ isBroken }) => isBroken)) process.exitCode = 1;
}

async function compareAll(sides: Sides): Promise<Comparison[]> {
  const cases = await findSpopCases(options.all ? undefined : (options.filter ?? representative.join(',')));
  const progress = new Progress(cases.length);
  const comparisons: Comparison[] = [];
  for (const definition of cases) {
    progress.begin(definition.name);
    try {
      const step = (what: string): void => progress.step(what);
      const settings = { minutes: Number(options.minutes), planted: 0, cases: cases.length, progress: step };
      comparisons.push(await compareCase(definition, sides, settings));
    } catch (error) {
      // What the packages of the other commit do not have.
      console.error(`${definition.name}: not compared: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  progress.end();
  return comparisons;
}
