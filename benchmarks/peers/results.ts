/** The results of bench:peers, as they stand in docs/benchmarks.json. */
import type { MachineInfo } from '../harness/machine.ts';
import { summarize } from '../harness/statistics.ts';
import type { Sample } from '../load/rounds.ts';
import type { PeerLane, SkippedLane } from './lanes.ts';
import type { HttpSample } from './with-haproxy.ts';

/** An agent that has figures. */
export type LaneInfo = Pick<PeerLane, 'name' | 'role' | 'version'>;

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
  readonly low: number;
  readonly high: number;
}

/** Each figure of an agent over the rounds; or why its answers are wrong: then its speed does not count. */
export type Figures<S> = { readonly [Name in keyof S]: Figure } | { readonly error: string };

/** Figures by the name of the load or HAProxy's release, then by the agent's name. */
export type ByTest<S> = Record<string, Record<string, Figures<S>>>;

/** All results. */
export interface PeersRun {
  readonly machine: MachineInfo;
  readonly sections: Record<string, SectionInfo>;
  readonly versions: Record<string, string>;
  readonly lanes: readonly LaneInfo[];
  readonly skipped: readonly SkippedLane[];
  readonly load?: ByTest<Sample>;
  /** MiB after a million NOTIFYs, by the agent's name. */
  readonly memory?: Record<string, number>;
  readonly haproxy?: ByTest<HttpSample>;
}

/** The medians and quartiles of samples, with four significant digits. */
export function figuresOf<S extends { readonly [Name in keyof S]: number }>(
  samples: readonly S[],
  error: string | undefined,
): Figures<S> {
  if (error !== undefined || samples[0] === undefined) return { error: error ?? 'no samples' };
  const round = (value: number): number => Number(value.toPrecision(4));
  const entries = (Object.keys(samples[0]) as (keyof S)[]).map((name) => {
    const { median, quartiles } = summarize(samples.map((sample) => sample[name]));
    return [name, { median: round(median), low: round(quartiles[0]), high: round(quartiles[1]) }];
  });
  return Object.fromEntries(entries) as { readonly [Name in keyof S]: Figure };
}

/** The median of one figure of one agent; undefined if it was not measured, `fails` if the answers are wrong. */
export function medianOf<S>(
  tests: ByTest<S> | undefined,
  test: string,
  lane: string,
  name: keyof S,
): number | 'fails' | undefined {
  const figures = tests?.[test]?.[lane];
  if (figures === undefined) return undefined;
  return 'error' in figures ? 'fails' : figures[name].median;
}
