import { describe, expect, it } from 'vitest';
import { nameOf, readInputs } from './coverage-guided/corpus.ts';
import { targets } from './targets/index.ts';

const REPLAYED = ['corpus', 'crashers'] as const;

describe.each(targets.map((target) => [target.name, target] as const))('%s', (name, target) => {
  it.each(REPLAYED)('holds for every input of its %s', async (collection) => {
    for (const input of readInputs(collection, name)) {
      try {
        await target.run(input);
      } catch (error) {
        const path = `fuzz/${collection}/${name}/${nameOf(input)}`;
        throw new Error(`does not hold for ${path}: ${input.toString('hex')}`, { cause: error });
      }
    }
  });

  it('has a small corpus of small inputs', () => {
    const inputs = readInputs('corpus', name);
    expect(inputs.length).toBeGreaterThan(0);
    expect(inputs.length).toBeLessThanOrEqual(150);
    expect(inputs.filter((input) => input.length > target.maxBytes)).toEqual([]);
  });
});
