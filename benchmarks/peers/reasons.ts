/** Where others are ahead of us, with the reason as far as profiles told it. */
import { pairedRatio } from './figures.ts';
import type { LaneInfo, PeersRun } from './results.ts';
import type { Sample } from '../load/rounds.ts';

export interface Loss {
  readonly what: string;
  readonly who: string;
  /** How many times ahead they are. */
  readonly times: number;
  readonly why: string;
}

interface Reason {
  readonly who: (lane: LaneInfo) => boolean;
  readonly test: RegExp;
  readonly why: string;
}

const named =
  (...names: string[]) =>
  (lane: LaneInfo): boolean =>
    names.includes(lane.name);

/** The first that fits counts. */
const REASONS: readonly Reason[] = [
  {
    who: named('C'),
    test: /in flight/,
    why: 'no event loop and no JavaScript between epoll and the answer: libuv, Node’s stream layer and the calls into JavaScript cost 1 to 2 µs for each read',
  },
  {
    who: named('C'),
    test: /./,
    why: 'compiled code without views, handlers, or a connection’s state',
  },
  {
    who: named('least Node'),
    test: /./,
    why: 'validates nothing, has no handlers, views, limits, timers or counters: it cannot tell a right NOTIFY from a wrong one',
  },
  {
    who: (lane) => lane.language === 'Rust',
    test: /in flight/,
    why: 'epoll to handler in compiled code; a Node process pays libuv, the stream layer and two calls into JavaScript for each read, however small',
  },
  {
    who: (lane) => lane.language === 'Go',
    test: /in flight/,
    why: 'a goroutine is woken straight from the network poller; a Node process pays libuv and the stream layer for each read, however small',
  },
];

const MARGIN = 1.05;

function timesAhead(ours: readonly Sample[], theirs: readonly Sample[], isLatency: boolean): number | undefined {
  return isLatency
    ? pairedRatio(ours, theirs, (sample) => sample.p99)
    : pairedRatio(theirs, ours, (sample) => sample.perSecond);
}

export function losses(run: PeersRun): Loss[] {
  const ours = run.lanes.findLast((lane) => lane.role === 'ours');
  if (ours === undefined) return [];
  const list: Loss[] = [];
  for (const [test, byLane] of Object.entries(run.load ?? {})) {
    for (const lane of run.lanes) {
      const theirs = byLane[lane.name] ?? [];
      if (lane.role === 'ours' || theirs.some((sample) => sample.error !== '')) continue;
      const isLatency = test.includes('in flight');
      const times = timesAhead(byLane[ours.name] ?? [], theirs, isLatency);
      if (times === undefined || times < MARGIN) continue;
      const why = REASONS.find((reason) => reason.who(lane) && reason.test.test(test))?.why ?? 'not found yet';
      list.push({ what: isLatency ? `${test}: p99` : test, who: lane.name, times, why });
    }
  }
  return list;
}
