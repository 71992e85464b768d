/** An agent in a process of its own, which can be pinned to cores and has figures on its CPU time and memory. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { sum } from 'simple-statistics';
import { Program } from '@spop-internal/testbed/program';

/** A program that prints `listening PORT` once it accepts connections on 127.0.0.1. */
export interface AgentCommand {
  readonly program: string;
  readonly args: readonly string[];
}

const STOP_TIMEOUT_MS = 2000;

/** Whether `taskset` of util-linux is installed, which pins processes to cores. */
export const canPin: boolean = hasTaskset();

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The command under `taskset -c cores`, or unchanged without taskset or cores. */
export function pinned(command: AgentCommand, cores: string | undefined): AgentCommand {
  if (cores === undefined || !canPin) return command;
  return { ...command, program: 'taskset', args: ['-c', cores, command.program, ...command.args] };
}

/** CPU time in seconds, exact to the nanosecond, of one thread; NaN if there is none. */
function threadSeconds(pid: number | undefined, task: number | string | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e9;
  } catch {
    return Number.NaN;
  }
}

/** CPU time of all living threads of a process in seconds; NaN if there is no such process. */
export function cpuSecondsOf(pid: number | undefined): number {
  try {
    return sum(readdirSync(`/proc/${pid}/task`).map((task) => threadSeconds(pid, task)));
  } catch {
    return Number.NaN;
  }
}

/** CPU time of the first thread of a process, which runs the event loop, in seconds; NaN if there is no such process. */
export function mainThreadSecondsOf(pid: number | undefined): number {
  return threadSeconds(pid, pid);
}

/** Memory of a process in MiB: resident now (`VmRSS`), or at its peak (`VmHWM`); NaN if there is no such process. */
export function memoryMiBOf(pid: number | undefined, line: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

/** A running agent that listens on `port` of 127.0.0.1. */
export class AgentProcess {
  readonly port: number;
  readonly #program: Program;

  private constructor(program: Program, port: number) {
    this.#program = program;
    this.port = port;
  }

  /** Starts it and waits until it listens. */
  static async start(command: AgentCommand, cores?: string): Promise<AgentProcess> {
    const { program: path, args } = pinned(command, cores);
    const program = new Program(path, args, { name: command.program });
    try {
      return new AgentProcess(program, Number(await program.says(/listening (\d+)/)));
    } catch (error) {
      await program.stop({ graceMs: STOP_TIMEOUT_MS });
      throw error;
    }
  }

  get alive(): boolean {
    return this.#program.isRunning;
  }

  get pid(): number | undefined {
    return this.#program.pid;
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  async stop(): Promise<void> {
    await this.#program.stop({ graceMs: STOP_TIMEOUT_MS });
  }
}
