import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Subject } from '../harness/case.ts';
import { exactHeapFlags } from '../harness/heap.ts';
import { pinned } from '../load/agent-process.ts';
import type { Entry } from './catalogue.ts';
import type { Answers, Request, Round } from './subject.ts';

/** Packages that a subject runs with. */
export interface Variant {
  /** Its name in reports: a commit, or `working tree`. */
  readonly label: string;
  /** The flags that `plainJsFlags` gave for the packages. */
  readonly flags: readonly string[];
}

/** The settings of a lane's process. */
export interface LaneOptions {
  /** Further flags for Node. */
  readonly flags?: readonly string[];
  /** The core that the process is bound to, if there is `taskset`; any by default. */
  readonly core?: number | undefined;
}

const ANSWER_TIMEOUT_MS = 60_000;
const SCRIPT = fileURLToPath(new URL('subject.ts', import.meta.url));

/** One subject of a case, running in a process that is asked one thing at a time. */
export class Lane {
  readonly subject: Subject;
  readonly #name: string;
  readonly #child: ChildProcess;

  constructor(variant: Variant, { file, definition }: Entry, subject: Subject, options: LaneOptions = {}) {
    this.subject = subject;
    this.#name = `${definition.name}, ${subject}, ${variant.label}`;
    const flags = [...(options.flags ?? []), ...variant.flags, '--disable-warning=ExperimentalWarning'];
    const plain = { program: process.execPath, args: [...flags, SCRIPT, file, definition.name, subject] };
    const { program, args } = pinned(plain, options.core?.toString());
    this.#child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Waits until the process has loaded its case. */
  async start(): Promise<void> {
    await this.#receive();
  }

  async ask<Kind extends Request['kind']>(request: Extract<Request, { kind: Kind }>): Promise<Answers[Kind]> {
    this.#child.send(request);
    return (await this.#receive()) as Answers[Kind];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async #receive(): Promise<unknown> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const ended = once(this.#child, 'exit', { signal }).then(([code]: unknown[]) => {
      throw new Error(`expected an answer; found that the process ended with ${String(code)}`);
    });
    try {
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as unknown[];
      return answer;
    } catch (error) {
      throw new Error(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      over.abort();
    }
  }
}

/** Starts lanes, calls `work`, and stops them. */
export async function withLanes<Result>(lanes: readonly Lane[], work: () => Promise<Result>): Promise<Result> {
  try {
    await Promise.all(lanes.map((lane) => lane.start()));
    return await work();
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

/** Warms up one lane after the other. @returns for each how many operations take `taskMilliseconds`. */
export async function warmUpLanes(
  lanes: readonly Lane[],
  milliseconds: number,
  taskMilliseconds: number,
): Promise<number[]> {
  const counts: number[] = [];
  for (const lane of lanes) counts.push(await lane.ask({ kind: 'warm-up', milliseconds, taskMilliseconds }));
  return counts;
}

/** Lets lanes take turns, A B C C B A, each with its own task. @returns for each round the rounds of all lanes. */
export async function timeRounds(
  lanes: readonly Lane[],
  tasks: readonly { readonly count: number; readonly uncounted: number }[],
  rounds: number,
): Promise<Round[][]> {
  const timed: Round[][] = [];
  const forwards = lanes.map((_, index) => index);
  // Round -1 is not counted: the processes have slept while others were warmed up.
  for (let round = -1; round < rounds; round++) {
    const found: Round[] = [];
    for (const index of round % 2 === 0 ? forwards : forwards.toReversed()) {
      found[index] = await lanes[index]!.ask({ kind: 'round', ...tasks[index]! });
    }
    if (round >= 0) timed.push(found);
  }
  return timed;
}

/** Bytes of heap of an operation, counted in a process with the flags that make the count exact. */
export async function countBytes(variant: Variant, entry: Entry, subject: Subject): Promise<number> {
  const lane = new Lane(variant, entry, subject, { flags: exactHeapFlags });
  return withLanes([lane], () => lane.ask({ kind: 'bytes' }));
}
