/**
 * Measures the codec and saves what came out: `pnpm run bench [--quick] [--filter NAME] [--node 22,24,26]`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plainJsFlags } from '../harness/plain-js.ts';
import { ASYNC_FILE, findAsyncCases, findCases } from './catalogue.ts';
import { checkoutInfo, machineInfo } from './machine.ts';
import { full, type MeasuredCase, measureCase, quick } from './measure.ts';
import { currentNode, findNodes } from './node-versions.ts';
import { svg } from './plot.ts';
import { Progress } from './progress.ts';
import { markdown } from './report.ts';
import type { RunResult } from './results.ts';

const help = `pnpm run bench [options]
  --filter NAME    only cases whose name contains NAME; several with commas
  --node LIST      Node versions or executables, with commas: 22,24,26; this one by default
  --quick          a look in a quarter of the time, too rough to quote
  --out NAME       name of the saved files in benchmarks/results/; the time by default
  --list           the names of the cases`;

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filter: { type: 'string' },
    node: { type: 'string' },
    quick: { type: 'boolean', default: false },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const root = fileURLToPath(new URL('../..', import.meta.url));

if (options.help) {
  console.log(help);
} else if (options.list) {
  for (const { name, what } of (await findMeasured()).map(({ definition }) => definition))
    console.log(`${name}: ${what}`);
} else {
  await measure();
}

async function findMeasured(): Promise<{ file: string; definition: MeasuredCase }[]> {
  const entries = await findCases(options.filter);
  return [
    ...entries.map(({ folder, file, definition }) => ({ file: `${folder}/${file}`, definition })),
    ...findAsyncCases(options.filter).map(({ name, what }) => {
      return { file: ASYNC_FILE, definition: { name, what, subjects: { spop: true } } };
    }),
  ];
}

async function measure(): Promise<void> {
  const entries = await findMeasured();
  const nodes = options.node === undefined ? [currentNode] : findNodes(options.node);
  const flags = plainJsFlags();
  const variants = nodes.map(({ path, version }) => ({ label: `node ${version}`, node: path, flags }));
  const startedAt = new Date().toISOString();
  const machine = machineInfo();
  const progress = new Progress(entries.length);
  const cases: RunResult['cases'] = [];
  for (const { file, definition } of entries) {
    progress.begin(definition.name);
    const step = (what: string): void => progress.step(what);
    const settings = { ...(options.quick ? quick : full), progress: step };
    cases.push(await measureCase(file, definition, variants, settings));
  }
  progress.end();
  machine.load[1] = os.loadavg()[0] ?? 0;
  const infos = nodes.map(({ version, v8 }) => ({
    label: `node ${version}`,
    node: version,
    v8,
    ...checkoutInfo(root),
  }));
  await save({ schema: 1, startedAt, quick: options.quick, machine, variants: infos, cases });
}

async function save(run: RunResult): Promise<void> {
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const report = markdown(run);
  const plot = await svg(run);
  for (const name of [options.out ?? run.startedAt.replaceAll(':', '-').replace(/\.\d+Z$/, ''), 'latest']) {
    writeFileSync(`${folder}${name}.json`, `${JSON.stringify(run, undefined, 1)}\n`);
    writeFileSync(`${folder}${name}.md`, report);
    writeFileSync(`${folder}${name}.svg`, plot);
  }
  console.log(report);
  console.log(`Saved to ${folder}: latest.json, latest.md, latest.svg`);
}
