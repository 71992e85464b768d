/**
 * Tests whether the comparison is reliable: `pnpm run bench:prove-compare [--runs 20] [--filter NAME] [--minutes N]`.
 *
 * Each run compares the working tree with itself, and with itself slowed down by 10 %: a lane of the head does eleven
 * operations for every ten that it counts. A verdict is wrong if equal code is called slower or faster, or slowed code
 * anything but slower or undecided. The command fails if any verdict is wrong. It prints a row as soon as all runs of a
 * case are done; a case at a time (`--filter`) splits the 90 minutes.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findCases } from '../codec/catalogue.ts';
import { startProgress } from '../harness/progress.ts';
import { type Comparison, type Sides, compareCase, representative, withSides } from './compare-cases.ts';
import type { Verdict } from './verdict.ts';

/** The head's slowdowns, and the right verdicts on each. */
const SLOWDOWNS: readonly { readonly planted: number; readonly code: string; readonly right: readonly Verdict[] }[] = [
  { planted: 0, code: 'equal', right: ['same', 'undecided'] },
  { planted: 0.1, code: '10 % slower', right: ['slower', 'undecided'] },
];

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    runs: { type: 'string', default: '20' },
    filter: { type: 'string', default: representative.join(',') },
    minutes: { type: 'string', default: '10' },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const runs = Number(options.runs);
const cases = await findCases(options.filter);
await withSides(root, { base: undefined, head: undefined }, proveAll);

async function proveAll(sides: Sides): Promise<void> {
  const progress = startProgress();
  let wrong = 0;
  console.log('| case | code | runs | same | undecided | slower | faster | control broken | samples | seconds |');
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const entry of cases) {
    const { name } = entry.definition;
    for (const { planted, code, right } of SLOWDOWNS) {
      const found: Comparison[] = [];
      for (let run = 0; run < runs; run++) {
        progress(`${name}, ${code}, run ${run + 1} of ${runs}`);
        const settings = { minutes: Number(options.minutes), planted, cases: cases.length };
        found.push(await compareCase(entry, sides, settings));
      }
      console.log(row(name, code, found));
      wrong += found.filter(({ verdict }) => !right.includes(verdict)).length;
    }
  }
  const total = cases.length * SLOWDOWNS.length * runs;
  console.log(`\nwrong verdicts: ${wrong} of ${total}`);
  if (wrong > 0) process.exitCode = 1;
}

function row(name: string, code: string, found: readonly Comparison[]): string {
  const verdicts = (['same', 'undecided', 'slower', 'faster'] as const).map(
    (verdict) => found.filter((comparison) => comparison.verdict === verdict).length,
  );
  const broken = found.filter(({ isBroken }) => isBroken).length;
  const mean = (of: (comparison: Comparison) => number): number =>
    Math.round(found.reduce((sum, comparison) => sum + of(comparison), 0) / found.length);
  const spent = [mean(({ samples }) => samples.length), mean(({ seconds }) => seconds)];
  return `| ${[name, code, found.length, ...verdicts, broken, ...spent].join(' | ')} |`;
}
