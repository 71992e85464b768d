import { execFileSync } from 'node:child_process';
import os from 'node:os';
import type { MachineInfo } from './results.ts';

/** What a reader of the figures has to know about the machine. */
export function machineInfo(): MachineInfo {
  const [load = 0] = os.loadavg();
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryMiB: Math.round(os.totalmem() / 2 ** 20),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    load: [load, load],
  };
}

/** The commit of a checkout, and whether it has changes that are in no commit. */
export function checkoutInfo(root: string): { commit: string; dirty: boolean } {
  try {
    const git = (...args: string[]): string => execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim();
    return {
      commit: git('rev-parse', '--short=10', 'HEAD'),
      dirty: git('status', '--porcelain', '--', 'packages/codec', 'packages/agent', 'benchmarks') !== '',
    };
  } catch {
    return { commit: 'unknown', dirty: true };
  }
}
