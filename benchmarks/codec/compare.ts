/**
 * Says what changed: `pnpm run bench:compare BASE [HEAD] [--quick] [--filter NAME]`. BASE and HEAD are two saved runs
 * (files in results/, or their names), or two commits; without HEAD the working tree.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findCases } from './catalogue.ts';
import { type Checkout, checkOut } from './checkout.ts';
import type { Variant } from './lane.ts';
import { full, measureCase, quick } from './measure.ts';
import { Progress } from './progress.ts';
import { figure } from './report.ts';
import type { CaseResult, LaneResult, RunResult } from './results.ts';
import { type Verdict, compareInTurns, compareRuns } from './verdict.ts';

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { filter: { type: 'string' }, quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [base, head] = positionals;
const root = fileURLToPath(new URL('../..', import.meta.url));
const saved = [base, head].map((name) => (name === undefined ? undefined : savedRun(name)));

if (base === undefined) {
  console.error('expected BASE: a saved run or a commit; found nothing. pnpm run bench:compare BASE [HEAD]');
  process.exitCode = 2;
} else if (saved[0] !== undefined) {
  print(compareSaved(readRun(saved[0]), readRun(saved[1] ?? savedRun('latest') ?? '')));
} else {
  print(await compareCommits(base, head));
}

function savedRun(name: string): string | undefined {
  const inResults = fileURLToPath(new URL(`../results/${name}.json`, import.meta.url));
  return [name, inResults].find((file) => file.endsWith('.json') && existsSync(file));
}

function readRun(file: string): RunResult {
  if (!existsSync(file)) throw new Error('expected a saved run to compare with; found none: run pnpm run bench first');
  return JSON.parse(readFileSync(file, 'utf8')) as RunResult;
}

function compareSaved(before: RunResult, after: RunResult): Verdict[] {
  if (before.machine.cpu !== after.machine.cpu || before.machine.kernel !== after.machine.kernel) {
    console.error('These runs are of different machines: their times say nothing about each other, their bytes do.');
  }
  return after.cases.flatMap((result) => {
    const old = before.cases.find(({ name }) => name === result.name);
    if (old === undefined || !hasCodec(old) || !hasCodec(result)) return [];
    return [compareRuns(old, result, laneOf)];
  });
}

async function compareCommits(from: string, to: string | undefined): Promise<Verdict[]> {
  const checkouts: Checkout[] = [];
  const removeAll = (): void => {
    for (const checkout of checkouts.splice(0)) checkout.remove();
  };
  process.once('SIGINT', () => {
    removeAll();
    process.exit(130);
  });
  try {
    const variants: Variant[] = [];
    for (const revision of [from, to]) {
      if (revision === undefined) {
        variants.push({ label: 'working tree', node: process.execPath, root });
        continue;
      }
      const checkout = checkOut(root, revision);
      checkouts.push(checkout);
      variants.push({ label: checkout.commit, node: process.execPath, root: checkout.root });
    }
    return await measureBoth(variants);
  } finally {
    removeAll();
  }
}

async function measureBoth(variants: readonly Variant[]): Promise<Verdict[]> {
  const entries = await findCases(options.filter);
  const progress = new Progress(entries.length);
  const verdicts: Verdict[] = [];
  for (const { file, definition } of entries) {
    const { spop } = definition.subjects;
    if (spop === undefined) continue;
    progress.begin(definition.name);
    const step = (what: string): void => progress.step(what);
    const settings = { ...(options.quick ? quick : full), progress: step };
    try {
      const result = await measureCase(file, { ...definition, subjects: { spop } }, variants, settings);
      verdicts.push(compareInTurns(definition.name, result.lanes[0]!, result.lanes[1]!));
    } catch (error) {
      // A case that the other commit does not have, or that its codec cannot run.
      console.error(`${definition.name}: not compared: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  progress.end();
  return verdicts;
}

function hasCodec(result: CaseResult): boolean {
  return result.lanes.some(({ subject }) => subject === 'spop');
}

function laneOf(result: CaseResult): LaneResult {
  return result.lanes.find(({ subject }) => subject === 'spop')!;
}

function print(verdicts: readonly Verdict[]): void {
  console.log('| case | before, ns | after, ns | takes times as long (99 % between) | noise up to | B/op | |');
  console.log('|---|---:|---:|---:|---:|---:|---|');
  for (const { name, before, after, time, tolerance, bytes, says } of verdicts) {
    const interval = `${time.ratio.toFixed(3)} (${time.low.toFixed(3)} to ${time.high.toFixed(3)})`;
    const [from, to] = bytes.map((value) => String(Math.round(value * 10) / 10));
    const heap = from === to ? to : `${from} → ${to} (!)`;
    const noise = `${Math.round(tolerance * 100)} %`;
    console.log(
      `| ${name} | ${figure(before)} | ${figure(after)} | ${interval} | ${noise} | ${heap} | ${says === 'same' ? '' : says} |`,
    );
  }
  const changed = verdicts.filter(({ says, bytes }) => says !== 'same' || bytes[0] !== bytes[1]);
  console.log(`\n${changed.length} of ${verdicts.length} cases changed beyond noise.`);
}
