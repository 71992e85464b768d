import { readFileSync } from 'node:fs';
import os from 'node:os';

/** The last core that this process may run on, as `taskset` counts them: the first has most of the interrupts. */
export function lastCore(): number {
  try {
    const last = /^Cpus_allowed_list:.*?(\d+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (last !== undefined) return Number(last);
  } catch {
    // No Linux, and no taskset either.
  }
  return os.availableParallelism() - 1;
}
