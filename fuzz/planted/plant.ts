import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { type Fault, spread, withFault } from './fault.ts';
import { faults } from './faults.ts';
import { runTests } from './run-tests.ts';

/** Each fault has to be noticed within this time: by the tests that it names, or by all. */
const LIMIT_MS = 60_000;
const LIMIT_OF_ALL_MS = 600_000;
/** Tests that are not done in time have noticed the fault if they are done in a quarter of the time without it. */
const SLOWED = 4;
const ALL_TESTS = ['packages', 'docs', 'fuzz'];

const HELP = `Usage: pnpm run plant [options] [part of a fault's name or file …]

Puts one fault after the other into a copy of the sources, runs the tests that have to notice it, and prints which test failed.
Tests that take longer than ${LIMIT_MS / 1_000} s with a fault have noticed it if they take less than a quarter of that without it.
Ends with status 1, and the names, if a fault was not noticed.

  --sample N  N of the faults, evenly spread over all areas
  --all       runs every unit test of packages, examples and fuzz for each fault; takes a minute for each that survives
  --jobs N    as many copies at a time; one for each processor by default
`;

interface Plan {
  readonly faults: readonly Fault[];
  readonly isAll: boolean;
  readonly jobs: number;
}

/** What became of a fault: `undecided` if its tests were not done in time, and may take as long without it. */
type Verdict = 'noticed' | 'survived' | 'undecided';

interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Runs the tests with the fault. If they are not done in time, they run again without it. */
async function judge(copy: string, fault: Fault, isAll: boolean): Promise<Judgement> {
  const path = join(copy, fault.file);
  const original = readFileSync(path);
  const files = isAll ? ALL_TESTS : fault.noticedBy;
  const limitMs = isAll ? LIMIT_OF_ALL_MS : LIMIT_MS;
  writeFileSync(path, withFault(copy, fault));
  const { failure, isOverTime } = await runTests(copy, files, limitMs);
  writeFileSync(path, original);
  if (failure !== undefined) return { verdict: 'noticed', reason: `by ${failure}` };
  if (!isOverTime) return { verdict: 'survived', reason: `by nothing in ${files.join(', ')}` };
  const begun = performance.now();
  const without = await runTests(copy, files, limitMs / SLOWED);
  const reason = `took longer than ${limitMs / 1_000} s`;
  if (without.isOverTime)
    return { verdict: 'undecided', reason: `${reason}, and than ${limitMs / SLOWED / 1_000} s without the fault` };
  if (without.failure !== undefined)
    return { verdict: 'undecided', reason: `${reason}, and failed without the fault: ${without.failure}` };
  return { verdict: 'noticed', reason: `${reason}, and ${secondsSince(begun)} s without the fault` };
}

function secondsSince(begun: number): string {
  return ((performance.now() - begun) / 1_000).toFixed(0);
}

/** Plants one fault, and prints what became of it. */
async function plantOne(copy: string, fault: Fault, isAll: boolean): Promise<Verdict> {
  const begun = performance.now();
  const { verdict, reason } = await judge(copy, fault, isAll);
  const word = verdict === 'noticed' ? verdict : verdict.toUpperCase();
  console.log(`${word.padEnd(9)} ${secondsSince(begun).padStart(3)} s  ${fault.name}: ${fault.mistake}`);
  console.log(`                 ${reason}`);
  return verdict;
}

/** The test that fails without any fault. */
async function failsAnyway({ faults: chosen, isAll }: Plan, copy: string): Promise<string | undefined> {
  const files = isAll ? ALL_TESTS : [...new Set(chosen.flatMap(({ noticedBy }) => noticedBy))];
  const { failure, isOverTime } = await runTests(copy, files, LIMIT_OF_ALL_MS);
  return isOverTime ? `not done within ${LIMIT_OF_ALL_MS / 1_000} s` : failure;
}

/** Plants the faults in as many copies at a time as there are jobs, and returns those that were not noticed, each with its verdict. */
async function plantAll({ faults: chosen, isAll }: Plan, copies: readonly string[]): Promise<string[]> {
  const left = [...chosen];
  const unnoticed: string[] = [];
  const work = async (copy: string): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      const verdict = await plantOne(copy, fault, isAll);
      if (verdict !== 'noticed') unnoticed.push(`${verdict}: ${fault.name}`);
    }
  };
  await Promise.all(copies.map(work));
  return unnoticed;
}

function toCount(option: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`expected a number of 1 or more after ${option}; found ${text}`);
}

/** What the arguments ask for; undefined if it is the help. */
function readPlan(): Plan | undefined {
  const { values, positionals: parts } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      all: { type: 'boolean', default: false },
      sample: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
    },
  });
  if (values.help === true) return undefined;
  const isNamed = ({ name, file }: Fault): boolean => parts.some((part) => name.includes(part) || file.includes(part));
  const named = parts.length === 0 ? faults : faults.filter(isNamed);
  if (named.length === 0) throw new Error(`expected a part of a fault's name or file; found ${parts.join(', ')}`);
  const chosen = values.sample === undefined ? named : spread(named, toCount('--sample', values.sample));
  return { faults: chosen, isAll: values.all, jobs: Math.min(toCount('--jobs', values.jobs), chosen.length) };
}

/** Returns the exit code. */
async function plant(plan: Plan): Promise<number> {
  const begun = performance.now();
  const copies = Array.from({ length: plan.jobs }, copySources);
  try {
    const failure = await failsAnyway(plan, copies[0]!);
    if (failure !== undefined) {
      console.log(`The tests fail without any fault: ${failure}`);
      return 2;
    }
    const unnoticed = await plantAll(plan, copies);
    const count = plan.faults.length;
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    console.log(`\n${count - unnoticed.length} of ${count} faults noticed, in ${minutes} min`);
    for (const line of unnoticed) console.log(line);
    return unnoticed.length === 0 ? 0 : 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

const plan = readPlan();
if (plan === undefined) console.log(HELP);
else process.exitCode = await plant(plan);
