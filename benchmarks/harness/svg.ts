import * as vega from 'vega';
import { type TopLevelSpec, compile } from 'vega-lite';

/** A plot as an SVG, drawn without a browser. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
