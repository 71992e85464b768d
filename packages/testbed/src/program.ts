import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** The default times for a program to become ready, and to end after a signal. */
const READY_TIMEOUT_MS = 25_000;
const GRACE_MS = 8000;
const POLL_MS = 10;
/** The minimum number of last characters of a program's output that are kept. */
const KEPT_OUTPUT = 1 << 20;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Options of a start. */
export interface ProgramOptions {
  /** The program's name in errors; its command by default. */
  readonly name?: string;
  readonly cwd?: URL | string;
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Options of an end. */
export interface StopOptions {
  /** `SIGTERM` by default. */
  readonly signal?: NodeJS.Signals;
  /** The time before SIGKILL, in milliseconds; 8,000 by default. */
  readonly graceMs?: number;
}

/** A child process with its output. It is killed when this process ends, if it was not stopped before. */
export class Program {
  readonly name: string;
  /**
   * Resolves when the process has ended and its output is complete, with the way it ended: `exit code 1`, `signal SIGKILL`,
   * or why it could not start. Never rejects.
   */
  readonly ended: Promise<string>;
  #output = '';
  #follower: (text: string) => void = () => {};
  #ending: string | undefined;
  readonly #child: ChildProcess;

  constructor(command: string, args: readonly string[], { name = command, cwd, env }: ProgramOptions = {}) {
    this.name = name;
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#collect(text));
    }
    this.ended = new Promise((resolve) => {
      const end = (ending: string): void => {
        running.delete(child);
        this.#ending ??= ending;
        resolve(this.#ending);
      };
      child.once('error', (error) => end(error.message));
      child.once('close', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  }

  /** Undefined if it could not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The output on stdout and stderr; at least its last 1,048,576 characters. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#ending === undefined;
  }

  /** Sends it a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Passes later output to `follower`, which replaces an earlier one. */
  follow(follower: (text: string) => void): void {
    this.#follower = follower;
  }

  /**
   * Waits until `probe` returns a value; calls it every ten milliseconds.
   *
   * @throws Error with the program's output if it ends before, or `timeoutMs` pass.
   */
  async until<T>(
    probe: () => T | undefined | Promise<T | undefined>,
    timeoutMs: number = READY_TIMEOUT_MS,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // Probed first, so that the last output of the program counts.
      const ending = this.#ending;
      const found = await probe();
      if (found !== undefined) return found;
      if (ending !== undefined) throw new Error(`${this.name} ended with ${ending}:\n${this.#output}`);
      if (performance.now() > deadline) {
        throw new Error(`${this.name} was not ready within ${timeoutMs} ms:\n${this.#output}`);
      }
      await sleep(POLL_MS);
    }
  }

  /**
   * Waits until its output matches. @returns the pattern's first group, or the whole match without one.
   *
   * @throws Error as {@link until} does.
   */
  async says(pattern: RegExp, timeoutMs: number = READY_TIMEOUT_MS): Promise<string> {
    const [whole, group] = await this.until(() => pattern.exec(this.#output) ?? undefined, timeoutMs);
    return group ?? whole;
  }

  /** Ends it, by force if needed, and waits. @returns how it ended, as {@link ended} does. */
  async stop({ signal = 'SIGTERM', graceMs = GRACE_MS }: StopOptions = {}): Promise<string> {
    if (this.#ending === undefined) this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    const ending = await this.ended;
    clearTimeout(force);
    return ending;
  }

  #collect(text: string): void {
    this.#output += text;
    this.#follower(text);
    if (this.#output.length > 2 * KEPT_OUTPUT) this.#output = this.#output.slice(-KEPT_OUTPUT);
  }
}
