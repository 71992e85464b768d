import type { MachineInfo } from '../codec/results.ts';
import type { Growth } from './judge.ts';
import type { SoakSample } from './protocol.ts';
import type { Outcomes } from './traffic.ts';

/** All that a soak found. */
export interface SoakFindings {
  readonly minutes: number;
  readonly machine: MachineInfo;
  readonly reloads: readonly { readonly version: string; readonly count: number }[];
  /** NOTIFYs sent without HAProxy. */
  readonly direct: number;
  readonly outcomes: Outcomes;
  readonly injected: Readonly<Record<string, number>>;
  readonly samples: readonly SoakSample[];
  readonly atRest: SoakSample;
  readonly grown: readonly Growth[];
  readonly problems: readonly string[];
}

/** The findings as Markdown, with the plot beside them. */
export function soakReport(findings: SoakFindings): string {
  const { minutes, machine, reloads, direct, outcomes, injected, atRest, grown, problems } = findings;
  const faults = Object.values(injected).reduce((sum, count) => sum + count, 0);
  const errors = Object.entries(outcomes.errors).flatMap(([version, byCode]) =>
    Object.entries(byCode).map(([code, count]) => `| let pass by HAProxy ${version} with error ${code} | ${count} |`),
  );
  return `# Soak

One agent under mixed traffic for ${minutes} minutes: requests through ${reloads.length} HAProxys, which are reloaded all the time, bursts of pipelined
NOTIFYs, and connections that break or speak nonsense. Repeat it with \`pnpm run soak --minutes ${minutes} --report docs/soak\`, which fails
where memory or handles grow.

Node ${process.versions.node}, ${machine.cores} cores of ${machine.cpu}, shared with other work.

**${problems.length === 0 ? 'Nothing grew, and nothing was left at rest.' : problems.join('; ')}**

![Memory, what was open, and events over time](soak.svg)

| what                                        | second quarter | last quarter | verdict |
| ------------------------------------------- | -------------: | -----------: | ------- |
${grown.map(({ name, before, after, isTooMuch }) => `| ${LABELS[name]} | ${shown(before)} | ${shown(after)} | ${isTooMuch ? 'grew' : 'steady'} |`).join('\n')}

| what was done                               |          count |
| ------------------------------------------- | -------------: |
| NOTIFYs answered in all                     | ${atRest.notifies} |
| of them straight, in bursts of 100          | ${direct} |
| HTTP requests                               | ${outcomes.requests} |
| answered by their handler                   | ${outcomes.answered} |
| with the fallback (thrown, rejected, late)  | ${outcomes.fallbacks} |
${errors.join('\n')}
| HTTP connections broken by reloads          | ${outcomes.broken} |
${reloads.map(({ version, count }) => `| reloads of HAProxy ${version} | ${count} |`).join('\n')}
| faults injected                             | ${faults} |
${Object.entries(injected)
  .map(([name, count]) => `| ${name} | ${count} |`)
  .join('\n')}

At rest, eight seconds after the last request: ${atRest.connections} connections, ${atRest.inFlight} NOTIFYs in flight, ${atRest.outputBuffers} pooled buffers out,
${atRest.handles} handles, heap ${shown(atRest.heap)} MiB, memory outside of it ${shown(atRest.external)} MiB. Since the start the agent counted ${atRest.handlerErrors} handler errors, ${atRest.timeouts} timeouts, ${atRest.lateAnswers} late
answers, ${atRest.protocolErrors} protocol errors, ${atRest.overloads} times at a limit; p99 of the latency ${shown(atRest.p99Ms)} ms, deadlines of 80 ms included. Its event loop
came late by 100 ms or more ${atRest.blocked} times, by ${atRest.maxLagMs} ms at most: so long it got no processor time, or was collecting garbage.

HAProxy's errors: 1 is its \`timeout processing\` of 500 ms, 2 that it has no connection, 3 a NOTIFY above the frame size (sent on
purpose), 256 and 257 a connection that ended, as they do while HAProxy is reloaded.
`;
}

const LABELS: Readonly<Record<Growth['name'], string>> = {
  rss: 'resident memory, MiB',
  heap: 'heap after a garbage collection, MiB',
  external: 'memory outside of the heap, MiB',
  handles: 'handles',
};

function shown(value: number): string {
  return value.toFixed(Number.isInteger(value) ? 0 : 1);
}
