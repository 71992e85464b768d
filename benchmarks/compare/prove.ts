/**
 * Tests whether the comparison is reliable: `pnpm run bench:prove-compare [--runs 20] [--filter NAME] [--minutes N]`.
 *
 * Each run compares the working tree with itself, and with itself slowed down by 10 %: a lane of the head does eleven
 * operations for every ten that it counts. The command fails if any verdict is wrong. It prints a row as soon as all runs of
 * a case are done; a case at a time (`--filter`) splits the 90 minutes.
 */
import { parseArgs } from 'node:util';
import { mean } from 'simple-statistics';
import { findCases } from '../codec/catalogue.ts';
import { startProgress } from '../harness/progress.ts';
import { compareCase, type Comparison, copySides, representative } from './compare.ts';
import type { Verdict } from './verdict.ts';

/** The head's slowdowns, and the right verdicts on each. */
const SLOWDOWNS: readonly { readonly planted: number; readonly code: string; readonly right: readonly Verdict[] }[] = [
  { planted: 0, code: 'equal', right: ['same', 'undecided'] },
  { planted: 0.1, code: '10 % slower', right: ['slower', 'undecided'] },
];
const VERDICTS = ['same', 'undecided', 'slower', 'faster'] as const satisfies readonly Verdict[];

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    runs: { type: 'string', default: '20' },
    filter: { type: 'string', default: representative },
    minutes: { type: 'string', default: '10' },
  },
});
const runs = Number(options.runs);
const entries = await findCases(options.filter);
const sides = copySides();
const progress = startProgress();
let wrong = 0;
console.log(`| case | code | runs | ${VERDICTS.join(' | ')} | control broken | samples | seconds |`);
console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
for (const entry of entries) {
  const { name } = entry.definition;
  for (const { planted, code, right } of SLOWDOWNS) {
    const found: Comparison[] = [];
    while (found.length < runs) {
      progress(`${name}, ${code}, run ${found.length + 1} of ${runs}`);
      const settings = { cases: entries.length, minutes: Number(options.minutes), planted };
      found.push(await compareCase(entry, sides, settings));
    }
    console.log(`| ${[name, code, ...cellsOf(found)].join(' | ')} |`);
    wrong += found.filter(({ verdict }) => !right.includes(verdict)).length;
  }
}
console.log(`\nwrong verdicts: ${wrong} of ${entries.length * SLOWDOWNS.length * runs}`);
if (wrong > 0) process.exitCode = 1;

function cellsOf(found: readonly Comparison[]): number[] {
  return [
    found.length,
    ...VERDICTS.map((wanted) => found.filter(({ verdict }) => verdict === wanted).length),
    found.filter(({ isBroken }) => isBroken).length,
    Math.round(mean(found.map(({ samples }) => samples.length))),
    Math.round(mean(found.map(({ seconds }) => seconds))),
  ];
}
