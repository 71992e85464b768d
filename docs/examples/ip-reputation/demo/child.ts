/** A process that the demo starts and, whatever happens, stops again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const FORCE_AFTER_MS = 8000;
const POLL_MS = 20;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A child process and all that it has written so far. */
export class Child {
  readonly name: string;
  /** Settles when the process is gone, with how it went: `exit code 1`, `signal SIGKILL`, or why it could not start. */
  readonly ended: Promise<string>;
  #output = '';
  #ending: string | undefined;
  readonly #child: ChildProcess;

  constructor(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.name = name;
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
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

  /** What it has written to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until `probe` gives something.
   *
   * @throws Error with the process's own words where it ends before, or nothing comes in time.
   */
  async until<T>(probe: () => T | undefined | Promise<T | undefined>, timeoutMs: number): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (this.#ending !== undefined) throw new Error(`${this.name} ended with ${this.#ending}:\n${this.#output}`);
      if (performance.now() > deadline) {
        throw new Error(`${this.name} was not ready within ${timeoutMs} ms:\n${this.#output}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Asks it to end, and forces it where it does not. */
  async stop(): Promise<void> {
    if (this.#ending !== undefined) return;
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), FORCE_AFTER_MS);
    await this.ended;
    clearTimeout(force);
  }
}
