/** What the runner asks of a lane's process, one request at a time. */
export type Request =
  | { kind: 'warm-up'; milliseconds: number; taskMilliseconds: number }
  | { kind: 'round'; count: number; uncounted: number }
  | { kind: 'bytes' };

export interface ReadyAnswer {
  kind: 'ready';
}

export interface WarmUpAnswer {
  kind: 'warmed-up';
  /** Operations per task. */
  count: number;
}

export interface RoundAnswer {
  kind: 'timed';
  /** Per operation: the median of the round's tasks. */
  nanoseconds: number;
  /** Nanoseconds of each garbage collection during the round. */
  collections: number[];
}

export interface BytesAnswer {
  kind: 'counted';
  /** Per operation. */
  bytes: number;
}

export type Answer = ReadyAnswer | WarmUpAnswer | RoundAnswer | BytesAnswer;
