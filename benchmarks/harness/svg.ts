import * as vega from 'vega';
import { type TopLevelSpec, compile } from 'vega-lite';

/** Colours of the plots, and what takes their place on a dark page. */
const ON_DARK = {
  'fill="white"': 'fill:none',
  'fill="#000"': 'fill:#dfdfd6',
  'stroke="#ddd"': 'stroke:#444',
  'fill="#1b6ca8"': 'fill:#58a6e0',
  'fill="#c0392b"': 'fill:#e8705f',
};
const DARK_STYLE = `<style>@media (prefers-color-scheme:dark){${Object.entries(ON_DARK)
  .map(([attribute, style]) => `[${attribute}]{${style}}`)
  .join('')}}</style>`;

/** Adds a style to the SVG of a plot, so that it can be read on a dark page as well. */
function withDarkStyle(svg: string): string {
  return svg.replace(/^<svg [^>]*>/, (tag) => tag + DARK_STYLE);
}

/** A plot as an SVG, drawn without a browser, for light and dark pages. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const whole: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    ...spec,
    config: { font: 'sans-serif' },
  };
  const view = new vega.View(vega.parse(compile(whole).spec), { renderer: 'none' });
  try {
    return withDarkStyle(await view.toSVG());
  } finally {
    view.finalize();
  }
}
