/** What one run of bench:peers saw, as it is saved. */
import type { MachineInfo } from '../codec/results.ts';
import type { Sample } from '../load/rounds.ts';
import type { HttpSample } from './behind-haproxy.ts';
import type { CodecFigure } from './codec-figures.ts';
import type { CaseVerdict } from './correctness.ts';
import type { SkippedLane } from './lanes.ts';
import type { MemorySample } from './memory.ts';

export interface LaneInfo {
  readonly name: string;
  readonly language: string;
  readonly role: 'ours' | 'peer' | 'reference';
  readonly version: string;
  readonly note?: string;
}

export type ByLane<T> = Record<string, T>;

export interface PeersRun {
  readonly schema: 1;
  readonly startedAt: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly secondsPerSample: number;
  readonly machine: MachineInfo;
  readonly versions: Record<string, string>;
  readonly lanes: LaneInfo[];
  readonly skipped: SkippedLane[];
  readonly correctness?: ByLane<CaseVerdict[]>;
  readonly codec?: ByLane<CodecFigure[]>;
  /** By load, then by lane; one sample per round. */
  readonly load?: Record<string, ByLane<Sample[]>>;
  readonly memory?: ByLane<MemorySample[]>;
  /** By HAProxy release, then by lane; `no SPOE` is HAProxy by itself. */
  readonly haproxy?: Record<string, ByLane<HttpSample[]>>;
}

/** The lane of HAProxy without a filter. */
export const NO_SPOE = 'no SPOE';
