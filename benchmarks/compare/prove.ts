/**
 * Shows whether the comparison can be believed: `pnpm run bench:prove-compare [--runs 20] [--filter NAME] [--minutes N]`.
 *
 * Each run compares the working tree with itself, and with itself slowed down by 10 %: a lane of the head does eleven
 * operations for every ten that it counts. Each finished case is a line of `results/prove-compare.jsonl`, so that what was
 * broken off goes on where it was; lines of another commit do not count. It fails where equal code is called slower or
 * faster, or a slowdown of 10 % is called anything but slower or undecided.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findSpopCases } from '../codec/catalogue.ts';
import { checkoutInfo } from '../codec/machine.ts';
import { Progress } from '../codec/progress.ts';
import { representative } from './cases.ts';
import { type Comparison, type Sides, compareCase, withSides } from './compare-cases.ts';
import type { Interval } from './interval.ts';
import type { Verdict } from './verdict.ts';

const SLOWDOWNS = [0, 0.1];

/** One line of the file. */
interface Finished {
  readonly commit: string;
  readonly run: number;
  readonly planted: number;
  readonly name: string;
  readonly verdict: Verdict;
  readonly isBroken: boolean;
  readonly time: Interval;
  readonly control: Interval;
  readonly samples: number;
  readonly seconds: number;
}

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    runs: { type: 'string', default: '20' },
    filter: { type: 'string', default: representative.join(',') },
    minutes: { type: 'string', default: '10' },
  },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fileURLToPath(new URL('../results/', import.meta.url));
const file = `${folder}prove-compare.jsonl`;
mkdirSync(folder, { recursive: true });

const { commit, dirty } = checkoutInfo(root);
const state = dirty ? `${commit} with changes` : commit;
const runs = Number(options.runs);
const cases = await findSpopCases(options.filter);
const names = cases.map(({ name }) => name);
const finished = readFinished();
await withSides(root, { base: undefined, head: undefined }, proveAll);
report();

function readFinished(): Finished[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Finished)
    .filter((line) => line.commit === state && line.run < runs && names.includes(line.name));
}

async function proveAll(sides: Sides): Promise<void> {
  const all = Array.from({ length: runs }, (_, run) => run).flatMap((run) =>
    SLOWDOWNS.flatMap((planted) => cases.map((definition) => ({ run, planted, definition }))),
  );
  const isFinished = ({ run, planted, definition }: (typeof all)[number]): boolean =>
    finished.some((line) => line.run === run && line.planted === planted && line.name === definition.name);
  const left = all.filter((each) => !isFinished(each));
  const progress = new Progress(left.length);
  for (const { run, planted, definition } of left) {
    progress.begin(`${definition.name}, run ${run + 1}, ${planted === 0 ? 'equal code' : 'slowed down by 10 %'}`);
    const step = (what: string): void => progress.step(what);
    const settings = { minutes: Number(options.minutes), planted, cases: cases.length, progress: step };
    const comparison = await compareCase(definition, sides, settings);
    const line = toLine(run, planted, comparison);
    finished.push(line);
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }
  progress.end();
}

function toLine(run: number, planted: number, comparison: Comparison): Finished {
  const { name, verdict, isBroken, time, control, samples, seconds } = comparison;
  return { commit: state, run, planted, name, verdict, isBroken, time, control, samples: samples.length, seconds };
}

function report(): void {
  console.log('| case | code | runs | same | undecided | slower | faster | control broken | samples | seconds |');
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const name of names) {
    for (const planted of SLOWDOWNS) {
      const lines = finished.filter((line) => line.name === name && line.planted === planted);
      const count = (verdict: Verdict): number => lines.filter((line) => line.verdict === verdict).length;
      const sum = (key: 'samples' | 'seconds'): number =>
        Math.round(lines.reduce((total, line) => total + line[key], 0) / lines.length);
      const verdicts = [count('same'), count('undecided'), count('slower'), count('faster')];
      const broken = lines.filter(({ isBroken }) => isBroken).length;
      const code = planted === 0 ? 'equal' : '10 % slower';
      const cells = [name, code, lines.length, ...verdicts, broken, sum('samples'), sum('seconds')];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
  const wrong = finished.filter(({ planted, verdict }) => {
    const right: readonly Verdict[] = planted === 0 ? ['same', 'undecided'] : ['slower', 'undecided'];
    return !right.includes(verdict);
  });
  console.log(`\n${finished.length - wrong.length} verdicts right or undecided, ${wrong.length} wrong`);
  if (wrong.length > 0) process.exitCode = 1;
}
