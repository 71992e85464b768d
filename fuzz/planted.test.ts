import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spread, withFault } from './planted/fault.ts';
import { areas, faults } from './planted/faults.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('planted faults', () => {
  it('are many, with names of their own', () => {
    expect(faults.length).toBeGreaterThanOrEqual(150);
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });

  it.each(faults.map((fault) => [fault.name, fault] as const))('still apply to the source: %s', (_, fault) => {
    expect(withFault(root, fault)).not.toContain(`${fault.search}${fault.search}`);
  });

  it('name tests that are there', () => {
    const named = new Set(faults.flatMap(({ noticedBy }) => noticedBy));
    expect([...named].filter((file) => !existsSync(`${root}/${file}`))).toEqual([]);
    expect(faults.filter(({ noticedBy }) => noticedBy.length === 0)).toEqual([]);
  });

  it('are of all areas where twenty or more are planted', () => {
    for (let count = 20; count <= faults.length; count++) {
      const sample = spread(faults, count);
      expect(new Set(sample).size).toBe(count);
      expect(areas.filter((area) => !area.some((fault) => sample.includes(fault)))).toEqual([]);
    }
  });
});

describe('spread', () => {
  it('takes items from the first to the last, evenly and in order', () => {
    expect(spread([1, 2, 3, 4, 5, 6], 3)).toEqual([2, 4, 6]);
    expect(spread([1, 2, 3, 4, 5], 1)).toEqual([3]);
    expect(spread([1, 2, 3], 3)).toEqual([1, 2, 3]);
    expect(spread([1, 2], 5)).toEqual([1, 2]);
  });
});
