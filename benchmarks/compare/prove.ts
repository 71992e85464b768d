/**
 * Shows whether the comparison can be believed: `pnpm run bench:prove-compare [--runs 20] [--filter NAME] [--minutes N]`.
 *
 * Each run compares the working tree with itself, and with itself slowed down by 10 %: a lane of the head does eleven
 * operations for every ten that it counts. It fails where equal code is called slower or faster, or a slowdown of 10 % is
 * called anything but slower or undecided.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findSpopCases } from '../codec/catalogue.ts';
import { Progress } from '../codec/progress.ts';
import { type Comparison, type Sides, compareCase, representative, withSides } from './compare-cases.ts';
import type { Verdict } from './verdict.ts';

/** The head's slowdowns, and the verdicts on each that are right. */
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
const cases = await findSpopCases(options.filter);
await withSides(root, { base: undefined, head: undefined }, proveAll);

async function proveAll(sides: Sides): Promise<void> {
  const progress = new Progress(cases.length * SLOWDOWNS.length * runs);
  let wrong = 0;
  console.log('| case | code | runs | same | undecided | slower | faster | control broken | samples | seconds |');
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const definition of cases) {
    for (const { planted, code, right } of SLOWDOWNS) {
      const found: Comparison[] = [];
      for (let run = 0; run < runs; run++) {
        progress.begin(`${definition.name}, ${code}, run ${run + 1}`);
        const step = (what: string): void => progress.step(what);
        const settings = { minutes: Number(options.minutes), planted, cases: cases.length, progress: step };
        found.push(await compareCase(definition, sides, settings));
      }
      progress.end();
      console.log(row(definition.name, code, found));
      wrong += found.filter(({ verdict }) => !right.includes(verdict)).length;
    }
  }
  console.log(`\n${wrong} wrong verdicts`);
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
