import { execFileSync } from 'node:child_process';
import os from 'node:os';

/** A machine that figures come from. */
export interface MachineInfo {
  cpu: string;
  cores: number;
  memoryMiB: number;
  kernel: string;
  arch: string;
  /** Load average over one minute. */
  load: number;
}

/** The machine that this runs on. */
export function machineInfo(): MachineInfo {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    load: os.loadavg()[0] ?? 0,
  };
}

/** The machine in one sentence, with the version of Node. */
export function machineLine(): string {
  const { cores, cpu, kernel, arch, load } = machineInfo();
  return `Node ${process.versions.node} on ${cores} cores of ${cpu}, ${kernel} ${arch}, load ${load.toFixed(1)}.`;
}

/** The commit of this checkout, and whether it has changes that are in no commit. */
export function checkoutInfo(): { commit: string; dirty: boolean } {
  const cwd = new URL('../../', import.meta.url);
  const git = (...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
  try {
    return {
      commit: git('rev-parse', '--short=10', 'HEAD'),
      dirty: git('status', '--porcelain', '--', 'packages/codec', 'packages/agent', 'benchmarks') !== '',
    };
  } catch {
    return { commit: 'unknown', dirty: true };
  }
}
