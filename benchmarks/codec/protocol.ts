/** What the runner asks of a subject's process, one request at a time. */
export type Request =
  | { kind: 'warm-up'; milliseconds: number; sampleMilliseconds: number }
  | { kind: 'sample'; count: number }
  | { kind: 'bytes' };

export interface ReadyAnswer {
  kind: 'ready';
  node: string;
  v8: string;
}

export interface WarmUpAnswer {
  kind: 'warmed-up';
  /** Operations per sample. */
  count: number;
}

export interface SampleAnswer {
  kind: 'sampled';
  /** Per operation, without garbage collections. */
  nanoseconds: number;
  /** Nanoseconds of each garbage collection during the sample. */
  collections: number[];
}

export interface BytesAnswer {
  kind: 'counted';
  /** Per operation. */
  bytes: number;
}

export type Answer = ReadyAnswer | WarmUpAnswer | SampleAnswer | BytesAnswer;
