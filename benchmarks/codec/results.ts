import type { Subject } from '../harness/case.ts';

/** One subject of one case with one variant. */
export interface LaneResult {
  variant: string;
  subject: Subject;
  /** Nanoseconds per operation, one per round; the same index is the same round in every lane of the case. */
  samples: number[];
  /** Operations per task, of which a sample is the median of 8. */
  count: number;
  /** Bytes of heap per operation. */
  bytes: number;
  /** Garbage collections during all rounds, per million operations. */
  collectionsPerMillion: number;
}

export interface CaseResult {
  name: string;
  what: string;
  frameBytes?: number;
  lanes: LaneResult[];
}

export interface VariantInfo {
  label: string;
  node: string;
  v8: string;
  commit: string;
  /** Whether the checkout had changes that are in no commit. */
  dirty: boolean;
}

export interface MachineInfo {
  cpu: string;
  cores: number;
  memoryMiB: number;
  kernel: string;
  arch: string;
  /** Load average over one minute when the run began and ended. */
  load: [begin: number, end: number];
}

/** A saved run. */
export interface RunResult {
  schema: 1;
  startedAt: string;
  quick: boolean;
  machine: MachineInfo;
  variants: VariantInfo[];
  cases: CaseResult[];
}
