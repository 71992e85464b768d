/** What bench:peers found, as it stands in docs/benchmarks.json. */
import { summarize } from '../codec/statistics.ts';
import type { MachineInfo } from '../codec/machine.ts';
import type { HttpSample } from './behind-haproxy.ts';
import type { CodecFigure } from './codec-figures.ts';
import type { Correctness } from './correctness.ts';
import type { SkippedLane } from './lanes.ts';
import type { MemorySample } from './memory.ts';
import type { Sample } from '../load/rounds.ts';

export interface LaneInfo {
  readonly name: string;
  readonly language: string;
  readonly role: 'ours' | 'peer' | 'reference';
  readonly version: string;
  readonly note?: string;
}

export type ByLane<T> = Record<string, T>;

/** When and how one section was measured: the results may be put together from several runs. */
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

/** A median over the rounds, and the quartiles around it if they were kept. */
export interface Figure {
  readonly median: number;
  readonly low?: number;
  readonly high?: number;
}

/** Each figure of an agent over the rounds; or why its answers are wrong, in which case its speed does not count. */
export type Figures<S> = { readonly [Name in keyof S]: Figure } | { readonly error: string };

export type LoadFigures = Figures<Omit<Sample, 'error'>>;
export type HttpFigures = Figures<HttpSample>;

export interface PeersRun {
  readonly machine: MachineInfo;
  readonly sections: Record<string, SectionInfo>;
  readonly versions: Record<string, string>;
  readonly lanes: LaneInfo[];
  readonly skipped: SkippedLane[];
  readonly correctness?: ByLane<Correctness>;
  readonly codec?: ByLane<CodecFigure[]>;
  /** By load, then by lane. */
  readonly load?: Record<string, ByLane<LoadFigures>>;
  readonly memory?: ByLane<MemorySample[]>;
  /** By HAProxy release, then by lane; `no SPOE` is HAProxy by itself. */
  readonly haproxy?: Record<string, ByLane<HttpFigures>>;
}

/** The lane of HAProxy without a filter. */
export const NO_SPOE = 'no SPOE';

/** The medians and quartiles of samples of the same shape. */
export function figuresOf<Name extends string>(samples: readonly Record<Name, number>[]): Record<Name, Figure> {
  const round = (value: number): number => Number(value.toPrecision(4));
  const names = Object.keys(samples[0] ?? {}) as Name[];
  const entries = names.map((name): [Name, Figure] => {
    const { median, quartiles } = summarize(samples.map((sample) => sample[name]));
    return [name, { median: round(median), low: round(quartiles[0]), high: round(quartiles[1]) }];
  });
  return Object.fromEntries(entries) as Record<Name, Figure>;
}
