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

/** When and how one section was measured: a saved run may be put together from several. */
export interface SectionInfo {
  readonly startedAt: string;
  /** The commit of our code, and whether it had changes that are in no commit. */
  readonly commit: string;
  readonly dirty: boolean;
  /** Load average over one minute when it began, before its own load. */
  readonly load: number;
  readonly rounds: number;
  readonly secondsPerSample: number;
}

export interface PeersRun {
  readonly schema: 1;
  readonly machine: MachineInfo;
  readonly sections: Record<string, SectionInfo>;
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
