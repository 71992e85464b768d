/** Where others are ahead of us, with the reason as far as profiles told it. */
import { pairedRatio } from './figures.ts';
import type { Goal } from './goals.ts';
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

/** Goals that were missed for one reason. */
export interface Miss {
  readonly figures: readonly string[];
  readonly why: string;
  readonly tried: string;
}

const MISSES: readonly { readonly figure: RegExp; readonly why: string; readonly tried: string }[] = [
  {
    figure: /^frames per second and core/,
    why:
      'an agent that flushes its ACKs once per read spends no time in the kernel either, and what is left is compiled code against compiled ' +
      'code: of our 84 ns for a tiny NOTIFY the kernel has 11, and the rest goes through six calls that V8 does not inline, from object to object',
    tried:
      'names compared in words, and checked in one loop with the values (in use, 40 % faster); constants of the module’s own instead of imported ones ' +
      '(in use, 15 %); 512 KiB read at once (in use, a third on eight arguments) and 256 KiB written (in use, 8 %); less code from frame to frame, 8 exchanges in turn ' +
      'instead of 64 (in use, 15 % with 16); fields whose contents V8 knows (in use, 7 %); a larger inlining budget by an option of V8 (up to a tenth, which the guide to running an agent says)',
  },
  {
    figure: /in flight|^behind HAProxy/,
    why:
      'few NOTIFYs come with each read, so that what a read and a write cost anyway decides: libuv, Node’s stream layer and the calls into JavaScript ' +
      'take 1 to 2 µs, and behind HAProxy plain Node without any library is no better than the batched Rust agent either',
    tried:
      'writes without a callback (in use, 5 %); writing to the descriptor past the stream layer (no gain); no reading of the clock (no gain); ' +
      'fewer exchanges in turn (no gain)',
  },
];

/** The goals that were missed, by their reasons. */
export function misses(goals: readonly Goal[]): Miss[] {
  const missed = [...new Set(goals.flatMap(({ reached, what, against }) => (reached ? [] : [`${what}, ${against}`])))];
  const known = MISSES.map(({ figure, why, tried }) => ({
    figures: missed.filter((what) => figure.test(what)),
    why,
    tried,
  }));
  const others = missed.filter((what) => !MISSES.some(({ figure }) => figure.test(what)));
  return [...known, { figures: others, why: 'not found yet', tried: '' }].filter(({ figures }) => figures.length > 0);
}

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
