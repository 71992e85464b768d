import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faults } from './planted/faults.ts';
import { withFault } from './planted/fault.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('planted faults', () => {
  it('are twenty at least, with names of their own', () => {
    expect(faults.length).toBeGreaterThanOrEqual(20);
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  });

  it.each(faults.map((fault) => [fault.name, fault] as const))('still apply to the source: %s', (_, fault) => {
    expect(withFault(root, fault)).not.toContain(`${fault.search}${fault.search}`);
  });
});
