import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { targets } from '../targets/index.ts';
import { readInputs, replaceCorpus, saveInput } from './corpus.ts';
import type { Report, Task } from './worker.ts';

const HELP = `Usage: pnpm run fuzz [target …] [options]

  --minutes N   how long each target is fuzzed, 1 by default; 0.1 is fine
  --seed S      repeats a run that began with the same corpus; random by default
  --save        adds what was found to fuzz/corpus, which stays as small as it can be
  --missed      prints the lines that no input reached
  --replay F    runs one input, once, and shows what happens
`;

/** A run that does not end within this time hangs. */
const HANG_MS = 10_000;
const MAX_INPUT_BYTES = 1 << 16;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly save: boolean;
  readonly missed: boolean;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    save: { type: 'boolean', default: false },
    missed: { type: 'boolean', default: false },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = positionals.length === 0 ? targets : targets.filter(({ name }) => positionals.includes(name));
  if (values.help || chosen.length < positionals.length) {
    console.log(HELP);
    for (const { name, checks } of targets) console.log(`  ${name.padEnd(14)}${checks}`);
    return values.help ? 0 : 2;
  }
  if (values.replay !== undefined) {
    const input = readFileSync(values.replay);
    for (const target of chosen) {
      console.log(`${target.name}: ${input.length} bytes, ${input.toString('hex')}`);
      await target.run(input);
      console.log('holds');
    }
    return 0;
  }
  const seed = values.seed === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(values.seed);
  const options: Options = { minutes: Number(values.minutes), seed, save: values.save, missed: values.missed };
  let failures = 0;
  for (const { name } of chosen) failures += (await fuzz(name, options)) ? 0 : 1;
  return failures === 0 ? 0 : 1;
}

/** Fuzzes one target and returns whether it held. */
function fuzz(target: string, options: Options): Promise<boolean> {
  const shared = new SharedArrayBuffer(8 + MAX_INPUT_BYTES);
  const header = new Int32Array(shared, 0, 2);
  const milliseconds = options.minutes * 60_000;
  const task: Task = { target, seed: options.seed, milliseconds, shared };
  console.log(`${target}: ${options.minutes} min, seed ${options.seed}`);
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: task });
  const begun = Date.now();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  let lastRuns = -1;
  let lastChange = Date.now();
  const watch = setInterval(() => {
    const runs = Atomics.load(header, 0);
    if (runs !== lastRuns) {
      lastRuns = runs;
      lastChange = Date.now();
    } else if (Date.now() - lastChange > HANG_MS) {
      const input = Buffer.from(Buffer.from(shared, 8, header[1]));
      failed(target, input, input, `did not end within ${HANG_MS / 1000} s`);
      resolve(false);
      void worker.terminate();
    }
  }, 500);
  worker.on('message', (report: Report) => {
    if (report.kind === 'progress') {
      const seconds = (Date.now() - begun) / 1_000;
      console.log(
        `  ${seconds.toFixed(0).padStart(4)} s  ${String(report.runs).padStart(9)} runs  ` +
          `${String(Math.round(report.runs / seconds)).padStart(7)}/s  ${report.reached} of ${report.counters} counters  ` +
          `${report.buckets} buckets  corpus ${report.seeds} -> ${report.kept}`,
      );
    } else if (report.kind === 'failure') {
      failed(target, Buffer.from(report.input), Buffer.from(report.smallest), report.error);
      resolve(false);
    } else {
      finished(target, report, options);
      resolve(true);
    }
  });
  worker.on('error', reject);
  worker.on('exit', () => resolve(false));
  return promise.finally(() => clearInterval(watch));
}

function failed(target: string, input: Buffer, smallest: Buffer, error: string): void {
  const path = saveInput('crashers', target, smallest);
  console.log(`  FAILED: ${error}`);
  console.log(`  input    ${input.toString('hex')}`);
  console.log(`  smallest ${smallest.toString('hex')}`);
  console.log(`  To repeat it: pnpm run fuzz ${target} --replay ${path}`);
}

function finished(target: string, report: Extract<Report, { kind: 'done' }>, options: Options): void {
  const before = readInputs('corpus', target).length;
  if (options.save) replaceCorpus(target, report.corpus);
  const verb = options.save ? 'corpus on disk' : 'with --save the corpus on disk would go';
  console.log(`  ${verb}: ${before} -> ${report.corpus.length} inputs`);
  if (options.missed) console.log(`  not reached:\n    ${report.missed.join('\n    ')}`);
}
