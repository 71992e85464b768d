import { describe, expect, it } from 'vitest';
import { growths, leftovers } from './judge.ts';
import type { SoakSample } from './protocol.ts';

const rest: SoakSample = {
  seconds: 0,
  rss: 100,
  heap: 10,
  external: 12,
  handles: 30,
  connections: 0,
  inFlight: 0,
  outputBuffers: 0,
  notifies: 0,
  handlerErrors: 0,
  timeouts: 0,
  lateAnswers: 0,
  protocolErrors: 0,
  disconnects: 0,
  overloads: 0,
  p99Ms: 0,
  blocked: 0,
  maxLagMs: 0,
};

/** Samples in which one quantity grows by `by` from the first to the last. */
function growing(name: keyof SoakSample, by: number): SoakSample[] {
  return Array.from({ length: 400 }, (_, i) => ({ ...rest, seconds: i, [name]: rest[name] + (by * i) / 400 }));
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
    expect(leftovers({ ...rest, connections: 1, outputBuffers: 3 })).toEqual([
      'connections is 1 at rest',
      'outputBuffers is 3 at rest',
    ]);
  });
});
