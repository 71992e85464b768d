/** What bench:peers found, as it stands in docs/benchmarks.json. */
import { summarize } from '../harness/statistics.ts';
import type { MachineInfo } from '../harness/machine.ts';
import type { Sample } from '../load/rounds.ts';
import type { HttpSample } from './with-haproxy.ts';
import type { PeerLane, SkippedLane } from './lanes.ts';

/** An agent that has figures. */
export type LaneInfo = Pick<PeerLane, 'name' | 'role' | 'version'>;

/** Something of each agent, by the agent's name. */
export type ByLane<T> = Record<string, T>;

/** When and how one section was measured: sections may come from several runs. */
export interface SectionInfo {
  readonly startedAt: string;
  /** The commit of our code, and whether the checkout had changes that are in no commit. */
  readonly commit: string;
  readonly dirty: boolean;
  /** Load average over one minute when the section began. */
  readonly load: number;
  readonly rounds: number;
  readonly secondsPerSample: number;
}

/** A median over the rounds, and the quartiles around it. */
export interface Figure {
  readonly median: number;
  readonly low?: number;
  readonly high?: number;
}

/** Each figure of an agent over the rounds; or why its answers are wrong: then its speed does not count. */
export type Figures<S> = { readonly [Name in keyof S]: Figure } | { readonly error: string };

/** The figures under one load. */
export type LoadFigures = Figures<Omit<Sample, 'error'>>;

/** All results. */
export interface PeersRun {
  readonly machine: MachineInfo;
  readonly sections: Record<string, SectionInfo>;
  readonly versions: Record<string, string>;
  readonly lanes: LaneInfo[];
  readonly skipped: SkippedLane[];
  /** By load, then by lane. */
  readonly load?: Record<string, ByLane<LoadFigures>>;
  /** MiB after a million NOTIFYs. */
  readonly memory?: ByLane<number>;
  /** By HAProxy release, then by lane. */
  readonly haproxy?: Record<string, ByLane<Figures<HttpSample>>>;
}

/** The medians and quartiles of samples of the same shape, with four significant digits. */
export function figuresOf<Name extends string>(samples: readonly Record<Name, number>[]): Record<Name, Figure> {
  const round = (value: number): number => Number(value.toPrecision(4));
  const names = Object.keys(samples[0] ?? {}) as Name[];
  const entries = names.map((name): [Name, Figure] => {
    const { median, quartiles } = summarize(samples.map((sample) => sample[name]));
    return [name, { median: round(median), low: round(quartiles[0]), high: round(quartiles[1]) }];
  });
  return Object.fromEntries(entries) as Record<Name, Figure>;
}
