import { parentPort, workerData } from 'node:worker_threads';
import type { AnyTarget } from '../targets/target.ts';
import type { Failure, Fuzzer } from './fuzzer.ts';
import { counterCount, files, instrumentPackages } from './instrument.ts';

/** What the worker is told. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** Two integers (runs so far, length of the input), then the input that is being run. */
  readonly shared: SharedArrayBuffer;
}

/** What the worker says, about once a second and at the end. */
export type Report =
  | {
      readonly kind: 'progress';
      readonly runs: number;
      readonly reached: number;
      readonly buckets: number;
      readonly kept: number;
      readonly counters: number;
      readonly seeds: number;
    }
  | { readonly kind: 'done'; readonly corpus: readonly Uint8Array[]; readonly missed: readonly string[] }
  | { readonly kind: 'failure'; readonly input: Uint8Array; readonly smallest: Uint8Array; readonly error: string };

const BATCH = 200;
const SHRINK_RUNS = 3_000;

async function work(task: Task): Promise<void> {
  // Before anything that imports the packages is loaded.
  instrumentPackages();
  const { readInputs } = await import('./corpus.ts');
  const { Failure, Fuzzer, minimise, shrink } = await import('./fuzzer.ts');
  const { targets } = await import('../targets/index.ts');
  const target = targets.find(({ name }) => name === task.target);
  if (target === undefined) throw new Error(`no target is called ${task.target}`);
  const header = new Int32Array(task.shared, 0, 2);
  const current = Buffer.from(task.shared, 8);
  const fuzzer = new Fuzzer(target, task.seed, (input) => {
    header[0]!++;
    header[1] = input.length;
    current.set(input.length > current.length ? input.subarray(0, current.length) : input);
  });
  const post = (report: Report): void => parentPort?.postMessage(report);
  let seeds = 0;
  const progress = (): void => post({ kind: 'progress', ...fuzzer.progress, counters: counterCount(), seeds });
  // Errors are a common outcome here, and their stacks would be most of the work.
  Error.stackTraceLimit = 0;
  try {
    for (const input of [...readInputs('corpus', target.name), ...readInputs('crashers', target.name)])
      await fuzzer.feed(input);
    for (const input of target.seeds()) await fuzzer.feed(Buffer.from(input));
    seeds = fuzzer.kept.length;
    progress();
    const end = Date.now() + task.milliseconds;
    for (let said = Date.now(); Date.now() < end;) {
      await fuzzer.explore(BATCH);
      if (Date.now() - said >= 1_000) {
        progress();
        said = Date.now();
      }
    }
    progress();
    post({ kind: 'done', corpus: await minimise(target, fuzzer.kept), missed: missedLines(fuzzer) });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const smallest = await shrink(target, error.input, SHRINK_RUNS);
    Error.stackTraceLimit = 12;
    post({ kind: 'failure', input: error.input, smallest, error: await describe(target, smallest, error) });
  }
}

/** What happens with the smallest input, with its stack; or what happened first, where that does not repeat. */
async function describe(target: AnyTarget, smallest: Buffer, first: Failure): Promise<string> {
  try {
    await target.run(smallest);
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return first.message;
}

/** Lines that no input reached, a file in each text. */
function missedLines(fuzzer: Fuzzer): string[] {
  const missed = fuzzer.coverage.missed();
  return files.flatMap(({ name, first, lines }) => {
    const own = missed.filter((index) => index >= first && index < first + lines.length);
    if (own.length === 0 || own.length === lines.length) return [];
    return [`${name}: ${[...new Set(own.map((index) => lines[index - first]!))].toSorted((a, b) => a - b).join(' ')}`];
  });
}

await work(workerData as Task);
