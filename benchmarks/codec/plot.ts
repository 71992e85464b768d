import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../harness/svg.ts';
import { subjects } from '../harness/case.ts';
import type { RunResult } from './results.ts';
import { summarize } from './statistics.ts';

/** A run as an SVG: nanoseconds per operation on a logarithmic axis, with the range that half of the samples take. */
export async function svg(run: RunResult): Promise<string> {
  const values = run.cases.flatMap((result) =>
    result.lanes.map((lane) => {
      const { median, quartiles } = summarize(lane.samples);
      const { subject, variant, bytes } = lane;
      return { case: result.name, subject, variant, bytes, median, lower: quartiles[0], upper: quartiles[1] };
    }),
  );
  const y = { field: 'case', type: 'nominal', sort: null, title: null, axis: { labelLimit: 300 } } as const;
  const yOffset = { field: 'subject', sort: [...subjects] };
  const color = {
    field: 'subject',
    type: 'nominal' as const,
    title: null,
    scale: { domain: [...subjects], range: ['#1b6ca8', '#7fb3d5', '#c0392b', '#9a9a9a'] },
    legend: { orient: 'top' as const },
  };
  const x = {
    field: 'median',
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'nanoseconds per operation, median and quartiles; smaller is better',
  } as const;
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    data: { values },
    facet: { column: { field: 'variant', type: 'nominal', title: null } },
    spec: {
      width: 420,
      height: { step: 9 },
      layer: [
        { mark: { type: 'point', filled: true, size: 45 }, encoding: { y, yOffset, color, x } },
        {
          mark: { type: 'rule' },
          encoding: { y, yOffset, color, x: { ...x, field: 'lower' }, x2: { field: 'upper' } },
        },
      ],
    },
    config: { font: 'sans-serif' },
  };
  return toSvg(spec);
}
