/** An agent as a process of its own: started, pinned, asked for its CPU time and memory, and stopped by its id. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A program that prints `listening PORT` once it accepts connections on 127.0.0.1. */
export interface AgentCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 2000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Whether `taskset` of util-linux is there to pin processes to cores. */
export const canPin: boolean = hasTaskset();

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The command under `taskset -c cores`, or as it is where there is no taskset or no core is asked for. */
export function pinned(command: AgentCommand, cores: string | undefined): AgentCommand {
  if (cores === undefined || !canPin) return command;
  return { ...command, program: 'taskset', args: ['-c', cores, command.program, ...command.args] };
}

/**
 * CPU time of all living threads of a process in seconds, exact to the nanosecond (/proc/PID/task/TID/schedstat); NaN
 * where there is no such process.
 */
export function cpuSecondsOf(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  let nanoseconds = 0;
  try {
    for (const task of readdirSync(tasks))
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return Number.NaN;
  }
  return nanoseconds / 1e9;
}

export class AgentProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #stderr: () => string;

  private constructor(child: ChildProcess, port: number, stderr: () => string) {
    this.#child = child;
    this.port = port;
    this.#stderr = stderr;
  }

  /** Starts it and waits until it listens. */
  static async start(command: AgentCommand, cores?: string): Promise<AgentProcess> {
    const { program, args, env } = pinned(command, cores);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString('latin1')).slice(-8192)));
    const port = await new Promise<number>((resolve, reject) => {
      let stdout = '';
      const timer = setTimeout(
        () => reject(new Error(`${command.program} does not listen: ${stderr}`)),
        START_TIMEOUT_MS,
      );
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString('latin1');
        const found = /listening (\d+)/.exec(stdout);
        if (found === null) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${command.program} ended with ${code ?? 'a signal'}: ${stderr}`)));
    });
    return new AgentProcess(child, port, () => stderr);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The end of what it wrote to stderr. */
  get stderr(): string {
    return this.#stderr();
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** Resident memory in MiB (VmRSS of /proc/PID/status). */
  residentMiB(): number {
    try {
      const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'latin1'));
      return Number(found?.[1]) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(force);
  }
}
