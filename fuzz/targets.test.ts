import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameOf, readInputs } from './coverage-guided/corpus.ts';
import { runs } from './support/runs.ts';
import { targets } from './targets/index.ts';

/** Runs of each property; of those that wait for the event loop, a tenth. */
const RUNS = 600;

describe.each(targets.map((target) => [target.name, target] as const))('%s', (name, target) => {
  it(`holds for any input: ${target.checks}`, async () => {
    const inputs = target.inputs?.() ?? fc.uint8Array({ maxLength: target.maxBytes });
    const isSlow = ['connection', 'output'].includes(name);
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => target.run(Buffer.from(input))),
      runs(isSlow ? RUNS / 10 : RUNS),
    );
  });

  it.each([
    ['seeds', Array.from(target.seeds(), (seed) => Buffer.from(seed))],
    ['corpus', readInputs('corpus', name)],
    ['crashers', readInputs('crashers', name)],
  ])('holds for every input of its %s', async (_, inputs) => {
    for (const input of inputs) {
      try {
        await target.run(input);
      } catch (error) {
        throw new Error(`does not hold for ${nameOf(input)}: ${input.toString('hex')}`, { cause: error });
      }
    }
  });

  it('has a small corpus of small inputs', () => {
    const inputs = readInputs('corpus', name);
    expect(inputs.length).toBeGreaterThan(0);
    expect(inputs.length).toBeLessThanOrEqual(60);
    expect(inputs.filter((input) => input.length > target.maxBytes)).toEqual([]);
  });
});
