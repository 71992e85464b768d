import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Subject } from '../harness/case.ts';
import { plainJsFlags } from '../harness/plain-js.ts';
import type { Answer, ReadyAnswer, Request } from './protocol.ts';

/** A Node and a checkout that a subject runs with. */
export interface Variant {
  /** How it is called in reports: `node 26.10.0`, or a commit. */
  readonly label: string;
  /** Path of the node executable. */
  readonly node: string;
  /** The root of a checkout. */
  readonly root: string;
}

const ANSWER_TIMEOUT_MS = 60_000;

/** A running subject: one process, asked one thing at a time. */
export class Lane {
  readonly variant: Variant;
  readonly subject: Subject;
  ready: ReadyAnswer | undefined;
  readonly #child: ChildProcess;

  constructor(variant: Variant, file: string, name: string, subject: Subject, flags: readonly string[]) {
    this.variant = variant;
    this.subject = subject;
    const script = path.join(variant.root, 'benchmarks/codec/subject.ts');
    this.#child = spawn(
      variant.node,
      [...flags, ...plainJsFlags(variant.root), '--disable-warning=ExperimentalWarning', script, file, name, subject],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
  }

  /** Waits until the process has loaded its case. */
  async start(): Promise<void> {
    this.ready = (await this.#receive('ready')) as ReadyAnswer;
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
