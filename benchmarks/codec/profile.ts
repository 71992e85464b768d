/**
 * Writes a CPU profile of a case, and prints the functions that took longest:
 * `pnpm run profile -- CASE [--subject spop] [--seconds 5]`. CASE is the name of a case, or a part that only this name has.
 * A browser's developer tools show the profile.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type Entry, findCases } from './catalogue.ts';

/** The part of a .cpuprofile that is read here. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** The node on top of the stack at each sample. */
  samples: number[];
  /** Microseconds before each sample. */
  timeDeltas: number[];
}

const SAMPLING_MICROSECONDS = 200;
const ROWS = 15;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { subject: { type: 'string', default: 'spop' }, seconds: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const name = positionals.join(' ');
if (name === '') {
  console.error('expected a case; found none. pnpm run profile -- CASE [--subject spop] [--seconds 5]');
  process.exitCode = 2;
} else {
  const file = record(await findOne(name));
  for (const row of longest(JSON.parse(readFileSync(file, 'utf8')) as Profile)) console.log(row);
  console.log(`\n${file}`);
}

async function findOne(wanted: string): Promise<Entry> {
  const found = await findCases(wanted);
  const [only] = found.length === 1 ? found : found.filter(({ definition }) => definition.name === wanted);
  if (only !== undefined) return only;
  const names = found.map(({ definition }) => definition.name);
  throw new Error(`expected the name of one case; found ${names.join(', ')}`);
}

/** Runs the case in a process of its own and returns the path of its profile. */
function record({ file, definition }: Entry): string {
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const fileName = `${definition.name.replaceAll(' ', '-')}.${options.subject}.cpuprofile`;
  const script = fileURLToPath(new URL('profiled.ts', import.meta.url));
  const flags = [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--cpu-prof-name=${fileName}`,
    `--cpu-prof-interval=${SAMPLING_MICROSECONDS}`,
    ...plainJsFlags(),
    '--disable-warning=ExperimentalWarning',
  ];
  const args = [script, file, definition.name, options.subject, options.seconds];
  execFileSync(process.execPath, [...flags, ...args], { stdio: 'inherit' });
  return path.join(folder, fileName);
}

/** The functions with the most time of their own, without the time of what they call. */
function longest({ nodes, samples, timeDeltas }: Profile): string[] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const place = places.get(id) ?? '';
    times.set(place, (times.get(place) ?? 0) + timeDeltas[index]!);
  }
  const total = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  const sorted = [...times].toSorted(([, a], [, b]) => b - a).slice(0, ROWS);
  return sorted.map(([place, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${place}`);
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const where = url === '' ? '' : `  ${path.basename(url)}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${where}`;
}
