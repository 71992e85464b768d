/** What a run of the benchmark comes to. */
import type { Subject } from '../harness/case.ts';

/** One subject of one case. */
export interface LaneResult {
  subject: Subject;
  /** Nanoseconds per operation, one per round; the same index is the same round in every lane of the case. */
  samples: number[];
  /** Operations per task; a sample is the median of 8 tasks. */
  count: number;
  /** Bytes of heap per operation. */
  bytes: number;
  /** Garbage collections during all rounds, per million operations. */
  collectionsPerMillion: number;
}

/** All subjects of one case. */
export interface CaseResult {
  name: string;
  lanes: LaneResult[];
}
