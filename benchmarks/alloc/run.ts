/**
 * Proves that the hot path allocates nothing: `pnpm run alloc [--filter NAME] [--sample N] [--mode MODE]`.
 * Every proof is a process; two run at once if there are two cores.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type Entry, findCases } from '../codec/catalogue.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { type Findings, type Mode, modes } from './findings.ts';
import { findSites, plantEach } from './planting.ts';

/** Functions in which an allocation would do the most harm; `alloc:planted` tries all functions. */
const MOST_HARMFUL: ReadonlySet<string> = new Set([
  'varint.ts readVarint',
  'value-slot.ts place',
  'utf8.ts utf8PrefixLength',
  'typed-data-writer.ts writeTypedData',
]);

const PROOF_TIMEOUT_MS = 300_000;
/** The least bytes that a planted object and a planted number add. */
const LEAST_CONTROL_BYTES: Findings['controls'] = { object: 24, number: 16 };

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filter: { type: 'string' },
    /** The number of cases to take, evenly spread over all. */
    sample: { type: 'string', default: 'all' },
    mode: { type: 'string' },
  },
});
const script = fileURLToPath(new URL('prove.ts', import.meta.url));

interface Proof {
  entry: Entry;
  mode: Mode;
}

interface Outcome extends Proof {
  findings?: Findings;
  /** Empty if the proof holds. */
  faults: string[];
}

const startedAt = Date.now();
const entries = sample(await findCases(options.filter));
const wanted = (Object.keys(modes) as Mode[]).filter((mode) => options.mode === undefined || mode === options.mode);
const proofs = wanted.flatMap((mode) =>
  entries
    .filter(({ definition }) => definition.throws !== true || mode === 'unoptimised')
    .map((entry) => ({ entry, mode })),
);
report(await proveAll(proofs));
if (options.filter === undefined && options.sample === 'all' && options.mode === undefined) {
  await askProofs();
  await measureAgent();
}
console.log(`${Math.round((Date.now() - startedAt) / 1000)} s`);

/** All cases with proofs, or as many of them as `--sample` says. */
function sample(found: readonly Entry[]): Entry[] {
  const ours = found.filter(({ definition }) => definition.subjects.spop !== undefined);
  const step = options.sample === 'all' ? 1 : Math.max(1, ours.length / Number(options.sample));
  return ours.filter((_, index) => index % step < 1);
}

/** Measures the agent as a whole, through a socket. */
async function measureAgent(): Promise<void> {
  const agentScript = fileURLToPath(new URL('agent.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@spop/source', agentScript], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) process.exitCode = 1;
}

/** Tries whether the proofs see an allocation in the most harmful functions. */
async function askProofs(): Promise<void> {
  const sites = findSites(undefined).filter(({ file, name }) => MOST_HARMFUL.has(`${basename(file)} ${name}`));
  const { seen, missed, untouched } = await plantEach(sites);
  console.log(`allocations planted in the codec: ${seen} seen, ${missed.length} not seen`);
  if (missed.length > 0 || untouched.length > 0 || seen !== MOST_HARMFUL.size) process.exitCode = 1;
}

async function proveAll(queue: readonly Proof[]): Promise<Outcome[]> {
  const results: Outcome[] = [];
  const waiting = [...queue];
  const worker = async (): Promise<void> => {
    for (let proof = waiting.shift(); proof !== undefined; proof = waiting.shift()) {
      const outcome = await proveOne(proof);
      results.push(outcome);
      console.log(line(outcome));
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, os.availableParallelism()) }, worker));
  return results;
}

async function proveOne(proof: Proof): Promise<Outcome> {
  const { entry, mode } = proof;
  const flags = [
    ...exactHeapFlags,
    ...modes[mode].flags,
    '--conditions=@spop/source',
    '--disable-warning=ExperimentalWarning',
  ];
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...flags, script, entry.file, entry.definition.name, mode],
      { timeout: PROOF_TIMEOUT_MS, killSignal: 'SIGKILL' },
    );
    const findings = JSON.parse(stdout) as Findings;
    return { ...proof, findings, faults: faultsOf(findings) };
  } catch (error) {
    return { ...proof, faults: [`the process failed: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function faultsOf({ operations, rounds, expected, measured, outside, controls }: Findings): string[] {
  const faults: string[] = [];
  if (measured !== expected) {
    faults.push(
      `expected ${expected} bytes in ${operations} operations, ${rounds} rounds in a row; found ${measured} ` +
        `(${measured / operations} each)`,
    );
  }
  if (outside !== 0) faults.push(`expected no change outside the heap; found ${outside} bytes`);
  for (const [control, least] of Object.entries(LEAST_CONTROL_BYTES)) {
    const added = controls[control as keyof Findings['controls']];
    if (added < least) {
      faults.push(`the control is blind: one planted ${control} in ${operations} operations added ${added} bytes`);
    }
  }
  return faults;
}

function line({ entry, mode, findings, faults }: Outcome): string {
  const mark = faults.length === 0 ? 'ok  ' : 'FAIL';
  const head = `${mark} ${entry.definition.name.padEnd(22)} ${mode.padEnd(11)}`;
  if (findings === undefined) return head;
  const { operations, measured, controls } = findings;
  const figures = `${measured} B in ${operations} operations; a planted object adds ${controls.object}, a number ${controls.number}`;
  return `${head} ${figures}`;
}

function report(results: readonly Outcome[]): void {
  const failed = results.filter(({ faults }) => faults.length > 0);
  for (const { entry, mode, faults } of failed) {
    console.error(`\n${entry.definition.name}, ${mode}:`);
    for (const fault of faults) console.error(`  ${fault}`);
  }
  console.log(`\nallocation proofs: ${results.length - failed.length} hold, ${failed.length} fail`);
  if (failed.length > 0 || results.length === 0) process.exitCode = 1;
}
