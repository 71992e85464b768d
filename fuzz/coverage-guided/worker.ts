/** Fuzzes one target in a thread, which is stopped if an input takes for ever. */
import { parentPort, workerData } from 'node:worker_threads';
import { instrumentPackages } from './instrument.ts';

/** The task of the worker. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly milliseconds: number;
  /** The number of runs and the length of the current input, as two integers, and then the current input. */
  readonly shared: SharedArrayBuffer;
}

/** The result of the worker. */
export type Report =
  | { readonly kind: 'done'; readonly reached: number; readonly corpus: readonly Uint8Array[] }
  | { readonly kind: 'failure'; readonly input: Uint8Array; readonly error: string };

/** Inputs between two looks at the clock. */
const BATCH = 200;

async function work({ target: name, seed, milliseconds, shared }: Task): Promise<Report> {
  // Modules that import the packages are loaded only after this.
  instrumentPackages();
  const { readInputs } = await import('./corpus.ts');
  const { Failure, Fuzzer } = await import('./fuzzer.ts');
  const { targets } = await import('../targets/index.ts');
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`expected a target; found ${name}`);
  const header = new Int32Array(shared, 0, 2);
  const current = Buffer.from(shared, 8);
  const fuzzer = new Fuzzer(target, seed, (input) => {
    header[0]!++;
    header[1] = input.length;
    current.set(input.subarray(0, current.length));
  });
  // Most inputs cause errors, and making their stacks would take most of the time.
  Error.stackTraceLimit = 3;
  try {
    for (const input of [...readInputs('corpus', name), ...readInputs('crashers', name)]) await fuzzer.feed(input);
    for (const input of target.seeds()) await fuzzer.feed(Buffer.from(input));
    for (const end = Date.now() + milliseconds; Date.now() < end;) await fuzzer.explore(BATCH);
    return { kind: 'done', reached: fuzzer.reached, corpus: await fuzzer.minimise() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'failure', input: error.input, error: error.message };
  }
}

// cli.ts sets it.
parentPort?.postMessage(await work(workerData as Task));
