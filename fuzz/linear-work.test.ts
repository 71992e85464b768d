import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { Growth } from './coverage-guided/growth.ts';

// In a worker the packages are loaded with a counter before each statement.
const worker = new Worker(new URL('coverage-guided/growth.ts', import.meta.url), {
  execArgv: ['--conditions=@spop/source', '--disable-warning=ExperimentalWarning'],
});
const [growths] = (await once(worker, 'message')) as [Growth[]];
await worker.terminate();

/** The places where a doubling of the input costs more steps for each further byte than the doubling before it. */
function steepPlaces({ points }: Growth): string[] {
  return points.slice(2).flatMap((point, index) => {
    const [first, second] = [points[index]!, points[index + 1]!];
    const slopeBefore = (second.steps - first.steps) / (second.bytes - first.bytes);
    const slope = (point.steps - second.steps) / (point.bytes - second.bytes);
    return slope > slopeBefore * 1.15 + 1
      ? [`${point.steps} steps for ${point.bytes} bytes: ${JSON.stringify(points)}`]
      : [];
  });
}

describe('the work on an input', () => {
  it.each(growths.map((growth) => [growth.shape, growth] as const))('grows no faster than it: %s', (_, growth) => {
    expect(growth.points.every(({ steps }) => steps > 0)).toBe(true);
    expect(steepPlaces(growth)).toEqual([]);
  });
});
