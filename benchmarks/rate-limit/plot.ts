/** The plot of reach.ts: decisions a second, their latency, and the CPU time of each program. */
import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../harness/svg.ts';

/** The medians of one store. */
export interface Reach {
  readonly name: string;
  readonly perSecond: number;
  /** More than a request takes without an agent. */
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  readonly agentCpuUs: number;
  readonly storeCpuUs: number;
}

/** As an SVG, with three panels, one below the other, and a row for each store. */
export async function reachSvg(found: readonly Reach[]): Promise<string> {
  const y = { field: 'name', type: 'nominal' as const, sort: found.map(({ name }) => name), title: null };
  const panel = (title: string, values: readonly { name: string; of: string; value: number }[]) => ({
    title: { text: title, fontWeight: 'normal' as const },
    width: 420,
    height: { step: 26 },
    data: { values: [...values] },
    encoding: {
      y,
      x: { field: 'value', type: 'quantitative' as const, title: null },
      color: { field: 'of', type: 'nominal' as const, title: null, sort: null, legend: { orient: 'bottom' as const } },
    },
  });
  const spec: TopLevelSpec = {
    vconcat: [
      {
        ...panel(
          'decisions a second',
          found.map(({ name, perSecond: value }) => ({ name, of: 'decisions', value })),
        ),
        mark: { type: 'bar', size: 14 },
      },
      {
        ...panel(
          'added latency, ms',
          found.flatMap(({ name, addedP50Ms, addedP99Ms }) => [
            { name, of: 'p50', value: addedP50Ms },
            { name, of: 'p99', value: addedP99Ms },
          ]),
        ),
        mark: { type: 'point', filled: true, size: 70 },
      },
      {
        ...panel(
          'CPU of a decision, µs',
          found.flatMap(({ name, agentCpuUs, storeCpuUs }) => [
            { name, of: 'agent', value: agentCpuUs },
            { name, of: 'store', value: storeCpuUs },
          ]),
        ),
        mark: { type: 'bar', size: 14 },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
  return toSvg(spec);
}
