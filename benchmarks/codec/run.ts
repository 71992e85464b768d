/** Measures the codec: `pnpm run bench [--quick] [--filter NAME] [--list]`. Prints a Markdown table. */
import { parseArgs } from 'node:util';
import { machineLine } from '../harness/machine.ts';
import { table } from '../harness/page.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { startProgress } from '../harness/progress.ts';
import { findCases } from './catalogue.ts';
import { HEAD, full, measureCase, quick } from './measure.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    /** Only cases whose name contains one of these, separated by commas. */
    filter: { type: 'string' },
    /** A quarter of the time, too rough to quote. */
    quick: { type: 'boolean', default: false },
    /** Only the names of the cases. */
    list: { type: 'boolean', default: false },
  },
});

const entries = await findCases(options.filter);
if (options.list) for (const { definition } of entries) console.log(`${definition.name}: ${definition.what}`);
else await measure();

async function measure(): Promise<void> {
  const variant = { label: 'working tree', flags: plainJsFlags() };
  console.log(`${machineLine()}${options.quick ? ' A quick run.' : ''}\n`);
  const progress = startProgress();
  const rows: string[][] = [];
  for (const [index, entry] of entries.entries()) {
    progress(`${index + 1} of ${entries.length}: ${entry.definition.name}`);
    rows.push(...(await measureCase(entry, variant, options.quick ? quick : full)));
  }
  for (const line of table(HEAD, rows, 2)) console.log(line);
}
