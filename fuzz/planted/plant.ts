import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { type Fault, spread, withFault } from './fault.ts';
import { faults } from './faults.ts';
import { runTests } from './run-tests.ts';

const HELP = `Usage: pnpm run plant [options] [part of a fault's name or file …]

Puts one fault after the other into a copy of the sources, runs the tests that have to notice it, and says which one did.
Ends with status 1, and the names, if a fault was not noticed.

  --sample N  N of the faults, evenly spread over all areas
  --all       runs every unit test of packages, examples and fuzz for each fault; takes a minute for each that survives
  --jobs N    as many copies at a time; one for each processor by default
`;

/** Each fault has to be noticed within this time: by the tests that it names, or by all. */
const LIMIT_MS = 60_000;
const LIMIT_OF_ALL_MS = 600_000;
const ALL_TESTS = ['packages', 'docs', 'fuzz'];

interface Plan {
  readonly faults: readonly Fault[];
  readonly isAll: boolean;
  readonly jobs: number;
}

/** Plants one fault, prints the test that noticed it, and returns whether one did. */
async function isNoticed(copy: string, fault: Fault, isAll: boolean): Promise<boolean> {
  const path = join(copy, fault.file);
  const original = readFileSync(path);
  writeFileSync(path, withFault(copy, fault));
  const begun = performance.now();
  const files = isAll ? ALL_TESTS : fault.noticedBy;
  const { failure } = await runTests(copy, files, isAll ? LIMIT_OF_ALL_MS : LIMIT_MS);
  writeFileSync(path, original);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(0).padStart(3);
  console.log(`${failure === undefined ? 'SURVIVED' : 'noticed '} ${seconds} s  ${fault.name}: ${fault.mistake}`);
  console.log(`                by ${failure ?? `nothing in ${files.join(', ')}`}`);
  return failure !== undefined;
}

/** The test that fails without any fault. */
async function failsAnyway({ faults: chosen, isAll }: Plan, copy: string): Promise<string | undefined> {
  const files = isAll ? ALL_TESTS : [...new Set(chosen.flatMap(({ noticedBy }) => noticedBy))];
  const { failure, isOverTime } = await runTests(copy, files, LIMIT_OF_ALL_MS);
  return isOverTime ? `not done within ${LIMIT_OF_ALL_MS / 1_000} s` : failure;
}

/** Plants the faults in as many copies at a time as there are jobs, and returns the names of those that survive. */
async function plantAll({ faults: chosen, isAll }: Plan, copies: readonly string[]): Promise<string[]> {
  const left = [...chosen];
  const survivors: string[] = [];
  const work = async (copy: string): Promise<void> => {
    for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
      if (!(await isNoticed(copy, fault, isAll))) survivors.push(fault.name);
    }
  };
  await Promise.all(copies.map(work));
  return survivors;
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
    const survivors = await plantAll(plan, copies);
    const count = plan.faults.length;
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1);
    console.log(`\n${count - survivors.length} of ${count} faults noticed, in ${minutes} min`);
    for (const name of survivors) console.log(`survived: ${name}`);
    return survivors.length === 0 ? 0 : 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

const plan = readPlan();
if (plan === undefined) console.log(HELP);
else process.exitCode = await plant(plan);
