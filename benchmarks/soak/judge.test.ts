import { createAgent } from '@spop/agent';
import { describe, expect, it } from 'vitest';
import { growths, leftovers } from './judge.ts';
import type { SoakSample } from './agent.ts';

const { latency, ...metrics } = createAgent().toMetrics();
const rest: SoakSample = { rss: 100, heap: 10, external: 12, handles: 30, p99Ms: latency.p99Ms, ...metrics };

/** The quantities that grow too much in 400 samples. */
function tooMuch(sampleAt: (index: number) => Partial<SoakSample>): string[] {
  const samples = Array.from({ length: 400 }, (_, index) => ({ ...rest, ...sampleAt(index) }));
  return growths(samples).flatMap(({ name, isTooMuch }) => (isTooMuch ? [name] : []));
}

describe('growths', () => {
  it.each([
    ['rss', 80],
    ['heap', 8],
    ['external', 16],
    ['handles', 80],
  ] as const)('finds that %s grows', (name, by) => {
    expect(tooMuch((index) => ({ [name]: rest[name] + (by * index) / 400 }))).toEqual([name]);
  });

  it('ignores what may grow, the first quarter, in which the process warms up, and a single peak', () => {
    expect(tooMuch((index) => ({ notifies: index * 1e4 }))).toEqual([]);
    expect(tooMuch((index) => ({ heap: index < 100 ? 2 : 10 }))).toEqual([]);
    expect(tooMuch((index) => ({ rss: index === 390 ? 900 : 100 }))).toEqual([]);
  });
});

it('names the resources still held', () => {
  expect(leftovers(rest)).toEqual([]);
  expect(leftovers({ ...rest, openConnections: 1, outputBuffers: 3 })).toEqual([
    'openConnections is 1 at rest',
    'outputBuffers is 3 at rest',
  ]);
});
