import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Subject } from '../harness/case.ts';
import { pinned } from '../load/agent-process.ts';
import type { Entry } from './catalogue.ts';
import type { Answer, Request } from './subject.ts';

/** Packages that a subject runs with. */
export interface Variant {
  /** Its name in reports: a commit, or `working tree`. */
  readonly label: string;
  /** What `plainJsFlags` gave for the packages. */
  readonly flags: readonly string[];
}

/** How a lane's process runs. */
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
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const ended = once(this.#child, 'exit', { signal }).then(([code]: unknown[]) => {
      throw new Error(`expected the answer '${kind}'; found that the process ended with ${String(code)}`);
    });
    try {
      const [answer] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [Answer];
      if (answer.kind !== kind) throw new Error(`expected the answer '${kind}'; found '${answer.kind}'`);
      return answer;
    } catch (error) {
      throw new Error(`${this.#name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      over.abort();
    }
  }
}
