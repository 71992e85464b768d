/** The dashboard and the alerts name metrics that an agent has, and the guide names each alert. */
import { readFileSync } from 'node:fs';
import { createAgent, toPrometheusText } from '@spop/agent';
import { expect, it } from 'vitest';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
// A metric with labels has no value before its first event, but it has its type.
const metrics = new Set(
  [...toPrometheusText(createAgent().toMetrics()).matchAll(/^(?:# TYPE )?(spop_\w+)/gm)].map(([, name]) => name),
);

it.each(['grafana.json', 'alerts.yml'])('%s names metrics that there are', (file) => {
  const named = [...read(file).matchAll(/\bspop_agent_\w+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(9);
  expect(named.filter((name) => !metrics.has(name))).toEqual([]);
});

it('grafana.json has panels that do not overlap, each with a query', () => {
  const { panels } = JSON.parse(read('grafana.json')) as {
    panels: { gridPos: { x: number; y: number; w: number; h: number }; targets: { expr: string }[] }[];
  };
  const cells = panels.flatMap(({ gridPos: { x, y, w } }) =>
    Array.from({ length: w }, (_, column) => `${x + column},${y}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ targets }) => targets.every(({ expr }) => expr.length > 0))).toBe(true);
});

it('the guide has every alert', () => {
  const alerts = [...read('alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  const listed = [...read('../guides/operations.md').matchAll(/^\| `(SpopAgent\w+)`/gm)].map(([, name]) => name);
  expect(listed).toEqual(alerts);
});
