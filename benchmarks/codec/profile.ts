/**
 * Writes a CPU profile of a case, and prints the functions that took longest:
 * `pnpm run profile -- CASE [--subject spop] [--seconds 5]`. CASE is the name of a case, or a part that only this name has.
 * A browser's developer tools show the profile.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sum } from 'simple-statistics';
import { type Subject, subjects } from '../harness/case.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type Entry, findCases } from './catalogue.ts';
import { Lane, withLanes } from './lane.ts';

const ROWS = 15;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { subject: { type: 'string', default: 'spop' }, seconds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const subject = subjects.find((each) => each === options.subject);
if (positionals.length === 0 || subject === undefined) {
  console.error(
    `expected a case and one of ${subjects.join(', ')}: pnpm run profile -- CASE [--subject spop] [--seconds 5]`,
  );
  process.exitCode = 2;
} else {
  const entry = await findOne(positionals.join(' '));
  const profile = await record(entry, subject);
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  const file = path.join(folder, `${entry.definition.name.replaceAll(' ', '-')}.${subject}.cpuprofile`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(profile));
  for (const row of longest(profile)) console.log(row);
  console.log(`\n${file}`);
}

async function findOne(wanted: string): Promise<Entry> {
  const found = await findCases(wanted);
  const [only] = found.length === 1 ? found : found.filter(({ definition }) => definition.name === wanted);
  if (only !== undefined) return only;
  const names = found.map(({ definition }) => definition.name);
  throw new Error(`expected the name of one case; found ${names.join(', ')}`);
}

async function record(entry: Entry, of: Subject): Promise<Profiler.Profile> {
  const lane = new Lane({ label: 'working tree', flags: plainJsFlags() }, entry, of);
  return withLanes([lane], () => lane.ask({ kind: 'profile', seconds: Number(options.seconds) }));
}

/** The functions with the most time of their own, without the time of what they call. */
function longest({ nodes }: Profiler.Profile): string[] {
  const hits = new Map<string, number>();
  for (const { callFrame, hitCount = 0 } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const where = url === '' ? '' : `  ${path.basename(url)}:${lineNumber + 1}`;
    const place = `${functionName === '' ? '(anonymous)' : functionName}${where}`;
    hits.set(place, (hits.get(place) ?? 0) + hitCount);
  }
  const total = sum([...hits.values()]);
  const sorted = [...hits].toSorted(([, a], [, b]) => b - a).slice(0, ROWS);
  return sorted.map(([place, count]) => `${((100 * count) / total).toFixed(1).padStart(5)} %  ${place}`);
}
