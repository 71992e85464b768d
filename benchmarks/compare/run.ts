/** Says what changed from a commit to the working tree, or to another commit; see `help`. */
import { parseArgs } from 'node:util';
import { findCases } from '../codec/catalogue.ts';
import { startProgress } from '../harness/progress.ts';
import { compareCase, type Comparison, copySides, representative } from './compare.ts';
import { reportLines } from './report.ts';
import type { Sides } from './sample.ts';

const help = `pnpm run bench:compare BASE [HEAD] [options]
  BASE, HEAD       two commits; without HEAD the working tree
  --filter NAME    only cases whose name contains NAME; several with commas
  --all            every case; without it and --filter: ${representative}
  --minutes N      the most that one case may take; 10 by default`;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filter: { type: 'string', default: representative },
    all: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [base, head] = positionals;

if (options.help || base === undefined) {
  console.error(help);
  process.exitCode = options.help ? 0 : 2;
} else {
  const comparisons = await compareAll(copySides(base, head));
  for (const line of reportLines(comparisons)) console.log(line);
  if (comparisons.length === 0 || comparisons.some(({ isBroken }) => isBroken)) process.exitCode = 1;
}

async function compareAll(sides: Sides): Promise<Comparison[]> {
  const entries = await findCases(options.all ? undefined : options.filter);
  const settings = { cases: entries.length, minutes: Number(options.minutes), planted: 0 };
  const progress = startProgress();
  const comparisons: Comparison[] = [];
  for (const [index, entry] of entries.entries()) {
    const { name } = entry.definition;
    progress(`${index + 1} of ${entries.length}: ${name}`);
    try {
      comparisons.push(await compareCase(entry, sides, settings));
    } catch (error) {
      // The packages of the other commit may lack what the case needs.
      console.error(`${name}: not compared: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return comparisons;
}
