/** `pnpm run fuzz`: fuzzes targets one after the other. */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { targets } from '../targets/index.ts';
import { readInputs, replaceCorpus, saveInput } from './corpus.ts';
import type { Report, Task } from './worker.ts';

const HELP = `Usage: pnpm run fuzz [target …] [options]

  --minutes N   the time for each target, 1 minute by default; 0.1 is fine
  --seed S      repeats a run that began with the same corpus; random by default
  --save        replaces fuzz/corpus by the fewest inputs that reach all counters that were reached
`;

/** An input whose run takes longer than this fails. */
const HANG_MS = 10_000;
const MAX_INPUT_BYTES = 1 << 16;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fff_ffff)) },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (values.help || chosen.length < positionals.length) {
  console.log(HELP);
  for (const { name, checks } of targets) console.log(`  ${name.padEnd(14)}${checks}`);
  process.exitCode = values.help ? 0 : 2;
} else {
  for (const { name } of chosen) if (!(await fuzz(name))) process.exitCode = 1;
}

/** Fuzzes one target, and returns whether it held for every input. */
async function fuzz(target: string): Promise<boolean> {
  const shared = new SharedArrayBuffer(8 + MAX_INPUT_BYTES);
  const header = new Int32Array(shared, 0, 2);
  const task: Task = { target, seed: Number(values.seed), milliseconds: Number(values.minutes) * 60_000, shared };
  console.log(`${target}: ${values.minutes} min, seed ${values.seed}`);
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: task });
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  let [lastRuns, lastChange] = [0, Date.now()];
  const watch = setInterval(() => {
    const runs = Atomics.load(header, 0);
    if (runs !== lastRuns) [lastRuns, lastChange] = [runs, Date.now()];
    // The first run begins only when the packages are loaded with their counters, which takes long.
    else if (runs > 0 && Date.now() - lastChange > HANG_MS) {
      const input = Buffer.from(Buffer.from(shared, 8, header[1]));
      resolve({ kind: 'failure', input, error: `did not end within ${HANG_MS / 1000} s` });
    }
  }, 500);
  worker.once('message', resolve);
  worker.once('error', reject);
  try {
    return report(target, await promise, Atomics.load(header, 0));
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

/** Prints the result, and keeps an input that failed. */
function report(target: string, found: Report, runs: number): boolean {
  if (found.kind === 'failure') {
    console.log(`  FAILED: ${found.error}`);
    console.log(`  input ${Buffer.from(found.input).toString('hex')}`);
    console.log(`  kept as ${saveInput('crashers', target, found.input)}; fuzz/targets.test.ts repeats it`);
    return false;
  }
  const before = readInputs('corpus', target).length;
  if (values.save) replaceCorpus(target, found.corpus);
  const verb = values.save ? 'corpus' : 'with --save the corpus would go';
  console.log(`  ${runs} runs, ${found.reached} counters reached; ${verb}: ${before} -> ${found.corpus.length} inputs`);
  return true;
}
