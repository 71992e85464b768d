import { createAgent } from '@spop/agent';
import { describe, expect, it } from 'vitest';
import { growths, leftovers } from './judge.ts';
import type { SoakSample } from './agent.ts';

const { latency, ...metrics } = createAgent().toMetrics();
const rest: SoakSample = { rss: 100, heap: 10, external: 12, handles: 30, p99Ms: latency.p99Ms, ...metrics };

/** Samples in which one quantity grows by `by` from the first to the last. */
function growing(name: 'rss' | 'heap' | 'external' | 'handles' | 'notifies', by: number): SoakSample[] {
  return Array.from({ length: 400 }, (_, i) => ({ ...rest, [name]: rest[name] + (by * i) / 400 }));
}

function tooMuch(samples: readonly SoakSample[]): string[] {
  return growths(samples)
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ name }) => name);
}

describe('growths', () => {
  it('finds no growth in constant samples', () => {
    expect(tooMuch(growing('notifies', 1e6))).toEqual([]);
  });

  it.each([
    ['rss', 80],
    ['heap', 8],
    ['external', 16],
    ['handles', 80],
  ] as const)('finds that %s grows', (name, by) => {
    expect(tooMuch(growing(name, by))).toEqual([name]);
  });

  it('ignores the first quarter, during which the process warms up', () => {
    const samples = growing('notifies', 0).map((sample, i) => ({ ...sample, heap: i < 100 ? 2 : 10 }));
    expect(tooMuch(samples)).toEqual([]);
  });

  it('ignores a single peak', () => {
    const samples = growing('notifies', 0).map((sample, i) => ({ ...sample, rss: i === 390 ? 900 : 100 }));
    expect(tooMuch(samples)).toEqual([]);
  });
});

describe('leftovers', () => {
  it('names the resources still held', () => {
    expect(leftovers(rest)).toEqual([]);
    expect(leftovers({ ...rest, openConnections: 1, outputBuffers: 3 })).toEqual([
      'openConnections is 1 at rest',
      'outputBuffers is 3 at rest',
    ]);
  });
});
