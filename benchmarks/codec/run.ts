/** Measures the codec: `pnpm run bench [--quick] [--filter NAME] [--list]`. Prints a Markdown table. */
import { parseArgs } from 'node:util';
import { plainJsFlags } from '../harness/plain-js.ts';
import { ASYNC_FILE, findAsyncCases, findCases } from './catalogue.ts';
import { machineLine } from './machine.ts';
import { full, type MeasuredCase, measureCase, quick } from './measure.ts';
import { Progress } from './progress.ts';
import { tableOf } from './report.ts';
import type { CaseResult } from './results.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    /** Only cases whose name contains one of these, with commas. */
    filter: { type: 'string' },
    /** A look in a quarter of the time, too rough to quote. */
    quick: { type: 'boolean', default: false },
    /** Only the names of the cases. */
    list: { type: 'boolean', default: false },
  },
});

const entries: { file: string; definition: MeasuredCase }[] = [
  ...(await findCases(options.filter)).map(({ folder, file, definition }) => ({
    file: `${folder}/${file}`,
    definition,
  })),
  ...findAsyncCases(options.filter).map(({ name, what }) => {
    return { file: ASYNC_FILE, definition: { name, what, subjects: { spop: true } } };
  }),
];

if (options.list) for (const { definition } of entries) console.log(`${definition.name}: ${definition.what}`);
else await measure();

async function measure(): Promise<void> {
  const variant = { label: `node ${process.versions.node}`, node: process.execPath, flags: plainJsFlags() };
  console.log(`${machineLine()}${options.quick ? ' A quick run.' : ''}\n`);
  const progress = new Progress(entries.length);
  const cases: CaseResult[] = [];
  for (const { file, definition } of entries) {
    progress.begin(definition.name);
    const step = (what: string): void => progress.step(what);
    cases.push(await measureCase(file, definition, variant, { ...(options.quick ? quick : full), progress: step }));
  }
  progress.end();
  for (const line of tableOf(cases)) console.log(line);
}
