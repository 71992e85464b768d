/**
 * Proves that the hot path allocates nothing: `pnpm run alloc [--filter NAME] [--sample N] [--mode MODE]`.
 * Every proof is a process; two run at once if there are two cores.
 *
 * `pnpm run alloc:planted [--filter NAME]` tests the proofs themselves: it plants an object in one function of the codec
 * after the other, and a proof that passes through the function must fail. `pnpm run alloc:agent` only runs agent.ts.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Entry, findCases } from '../codec/catalogue.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { findSites, plantEach } from './planting.ts';
import { type Findings, type Mode, forEach, modes, prove } from './proof.ts';

/** Functions in which an allocation would do the most harm; `alloc:planted` tries all functions. */
const MOST_HARMFUL: ReadonlySet<string> = new Set([
  'wire/varint.ts readVarint',
  'values/value-slot.ts place',
  'wire/utf8.ts utf8PrefixLength',
  'values/typed-data-writer.ts writeTypedData',
]);

/** The least bytes that a planted object and a planted number add. */
const LEAST_CONTROL_BYTES: Findings['controls'] = { object: 24, number: 16 };

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: {
    filter: { type: 'string' },
    /** The number of cases to take, evenly spread over all. */
    sample: { type: 'string', default: 'all' },
    mode: { type: 'string' },
    planted: { type: 'boolean', default: false },
    agent: { type: 'boolean', default: false },
  },
});

if (options.planted) await plantAll();
else if (options.agent) measureAgent();
else await proveAll();

async function plantAll(): Promise<void> {
  const { seen, missed, untouched } = await plantEach(findSites(options.filter));
  console.log(`\nno proof passes through: ${untouched.length === 0 ? 'none' : untouched.join(', ')}`);
  console.log(`planted objects: ${seen} seen, ${missed.length} not seen`);
  if (missed.length > 0 || seen === 0) process.exitCode = 1;
}

async function proveAll(): Promise<void> {
  const startedAt = performance.now();
  const entries = sample(await findCases(options.filter));
  const wanted = (Object.keys(modes) as Mode[]).filter((mode) => options.mode === undefined || mode === options.mode);
  const proofs = wanted.flatMap((mode) =>
    entries
      .filter(({ definition }) => definition.throws !== true || mode === 'unoptimised')
      .map((entry) => ({ entry, mode })),
  );
  let failed = 0;
  await forEach(proofs, async ({ entry, mode }) => {
    const { faults, figures } = await proveOne(entry, mode);
    if (faults.length > 0) failed++;
    const mark = faults.length === 0 ? 'ok  ' : 'FAIL';
    console.log(
      [`${mark} ${entry.definition.name.padEnd(22)} ${mode.padEnd(11)} ${figures}`, ...faults].join('\n     '),
    );
  });
  console.log(`\nallocation proofs: ${proofs.length - failed} hold, ${failed} fail`);
  if (failed > 0 || proofs.length === 0) process.exitCode = 1;
  if (options.filter === undefined && options.sample === 'all' && options.mode === undefined) {
    await askProofs();
    measureAgent();
  }
  console.log(`${Math.round((performance.now() - startedAt) / 1000)} s`);
}

function measureAgent(): void {
  const script = fileURLToPath(new URL('agent.ts', import.meta.url));
  const flags = [...exactHeapFlags, '--conditions=@spop/source'];
  const { status } = spawnSync(process.execPath, [...flags, script], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exitCode = 1;
}

/** All cases with proofs, or as many of them as `--sample` says. */
function sample(found: readonly Entry[]): Entry[] {
  const ours = found.filter(({ definition }) => definition.subjects.spop !== undefined);
  const step = options.sample === 'all' ? 1 : Math.max(1, ours.length / Number(options.sample));
  return ours.filter((_, index) => index % step < 1);
}

/** Tries whether the proofs see an allocation in the most harmful functions. */
async function askProofs(): Promise<void> {
  const sites = findSites().filter(({ file, name }) => MOST_HARMFUL.has(`${file} ${name}`));
  const { seen, missed } = await plantEach(sites);
  console.log(`allocations planted in the codec: ${seen} seen, ${missed.length} not seen`);
  if (seen !== MOST_HARMFUL.size) process.exitCode = 1;
}

/** The figures of a proof, and its faults; without faults the proof holds. */
async function proveOne(entry: Entry, mode: Mode): Promise<{ figures: string; faults: string[] }> {
  try {
    const findings = await prove(entry.file, entry.definition.name, mode);
    const { measured, operations, controls } = findings;
    const added = `a planted object adds ${controls.object}, a number ${controls.number}`;
    return { figures: `${measured} B in ${operations} operations; ${added}`, faults: faultsOf(findings) };
  } catch (error) {
    return { figures: '', faults: [`the process failed: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

function faultsOf({ operations, rounds, expected, measured, outside, controls }: Findings): string[] {
  const faults: string[] = [];
  if (measured !== expected) {
    const each = `(${measured / operations} each)`;
    faults.push(
      `expected ${expected} bytes in ${operations} operations, ${rounds} rounds in a row; found ${measured} ${each}`,
    );
  }
  if (outside !== 0) faults.push(`expected no change outside the heap; found ${outside} bytes`);
  for (const [control, least] of Object.entries(LEAST_CONTROL_BYTES)) {
    const added = controls[control as keyof Findings['controls']];
    if (added < least)
      faults.push(`the control is blind: expected one planted ${control} to add ${least} bytes; found ${added}`);
  }
  return faults;
}
