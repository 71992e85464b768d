import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Subject } from '../harness/case.ts';
import { pinned } from '../load/agent-process.ts';
import type { Answer, Request } from './protocol.ts';

/** A Node and packages that a subject runs with. */
export interface Variant {
  /** How it is called in reports: `node 26.10.0`, or a commit. */
  readonly label: string;
  /** Path of the node executable. */
  readonly node: string;
  /** What `plainJsFlags` gave for the packages. */
  readonly flags: readonly string[];
}

/** Which case a lane runs: `file` is relative to the folder `benchmarks`. */
export interface CaseName {
  readonly file: string;
  readonly name: string;
}

export interface LaneOptions {
  /** Further flags for Node. */
  readonly flags?: readonly string[];
  /** The core that the process is bound to, if there is `taskset`; any by default. */
  readonly core?: number | undefined;
}

const ANSWER_TIMEOUT_MS = 60_000;
const SCRIPT = fileURLToPath(new URL('subject.ts', import.meta.url));

/** A running subject: one process, asked one thing at a time. */
export class Lane {
  readonly variant: Variant;
  readonly subject: Subject;
  readonly #child: ChildProcess;

  constructor(variant: Variant, { file, name }: CaseName, subject: Subject, options: LaneOptions = {}) {
    this.variant = variant;
    this.subject = subject;
    const flags = [...(options.flags ?? []), ...variant.flags, '--disable-warning=ExperimentalWarning'];
    const plain = { program: variant.node, args: [...flags, SCRIPT, file, name, subject] };
    const { program, args } = pinned(plain, options.core?.toString());
    this.#child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Waits until the process has loaded its case. */
  async start(): Promise<void> {
    await this.#receive('ready');
  }

  async ask<Kind extends Answer['kind']>(request: Request, kind: Kind): Promise<Extract<Answer, { kind: Kind }>> {
    this.#child.send(request);
    return (await this.#receive(kind)) as Extract<Answer, { kind: Kind }>;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
  }

  async #receive(kind: Answer['kind']): Promise<Answer> {
    const what = `${this.subject} with ${this.variant.label}`;
    let settle: (answer: Answer) => void = () => {};
    let fail: (error: Error) => void = () => {};
    const answered = new Promise<Answer>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    const timer = setTimeout(() => fail(new Error(`${what}: no answer in ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
    const onExit = (code: number | null): void => fail(new Error(`${what}: the process ended with ${code}`));
    this.#child.once('message', settle);
    this.#child.once('exit', onExit);
    this.#child.once('error', fail);
    try {
      const answer = await answered;
      if (answer.kind !== kind) throw new Error(`${what}: expected the answer '${kind}'; found '${answer.kind}'`);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#child.off('message', settle);
      this.#child.off('exit', onExit);
      this.#child.off('error', fail);
    }
  }
}
