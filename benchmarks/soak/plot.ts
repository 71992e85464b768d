import type { TopLevelSpec } from 'vega-lite';
import { toSvg } from '../harness/svg.ts';
import type { SoakSample } from './protocol.ts';

const PANELS: readonly (readonly [title: string, fields: readonly (keyof SoakSample)[]])[] = [
  ['memory of the agent, MiB (heap after a garbage collection)', ['rss', 'heap', 'external']],
  ['open at that moment', ['handles', 'connections', 'inFlight', 'outputBuffers']],
  ['events since the start', ['protocolErrors', 'handlerErrors', 'timeouts', 'lateAnswers', 'disconnects']],
];

/** A soak as an SVG: memory, what is open, and what went wrong, over its seconds. */
export async function soakSvg(samples: readonly SoakSample[]): Promise<string> {
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    vconcat: PANELS.map(([title, fields]) => ({
      title,
      width: 640,
      height: 150,
      data: {
        values: samples.flatMap((sample) =>
          fields.map((field) => ({ seconds: sample.seconds, field, value: sample[field] })),
        ),
      },
      mark: { type: 'line' as const, strokeWidth: 1.2 },
      encoding: {
        x: { field: 'seconds', type: 'quantitative' as const, title: 'seconds' },
        y: { field: 'value', type: 'quantitative' as const, title: null },
        color: { field: 'field', type: 'nominal' as const, title: null, sort: null },
      },
    })),
    resolve: { scale: { color: 'independent' } },
    config: { font: 'sans-serif' },
  };
  return toSvg(spec);
}
