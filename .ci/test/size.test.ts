import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';

/** The size of imports from the packages, bundled and minified, with the codec if they use it: at most these bytes. */

const root = resolve(import.meta.dirname, '../..');

/** Maximum bytes, a few percent above the measured ones; an entry point that is missing here fails as well. */
const ENTRY_POINTS: Readonly<Record<string, number>> = {
  '@spop/codec': 69_000,
  '@spop/codec/internal': 43_000,
  '@spop/agent': 139_000,
  '@spop/builder': 74_000,
  '@spop/builder/allocations': 2_800,
  '@spop/builder/arbitraries': 40_000,
  '@spop/builder/vitest': 44_000,
};

/** The errors of varints, with `SpopError` and all its codes, come with the `Cursor` that makes them. */
const PARTS: readonly [code: string, budget: number][] = [
  ["export { writeVarint } from '@spop/codec'", 400],
  ["export { readVarint } from '@spop/codec'", 600],
  ["export { readVarint, writeVarint } from '@spop/codec'", 1_000],
  ["export { Cursor, readVarint, varintSize, writeVarint } from '@spop/codec'", 3_100],
  ["export { FrameReader, Notify } from '@spop/codec'", 36_000],
  ["export { defineMessage } from '@spop/agent'", 5_600],
  ["export { createAgent } from '@spop/agent'", 117_000],
  ["export { data } from '@spop/builder'", 6_700],
];

async function minified(code: string): Promise<number> {
  const bundle = await rolldown({
    input: 'entry',
    // Every package can be imported from there.
    cwd: resolve(root, 'docs'),
    platform: 'node',
    external: ['fast-check', 'vitest'],
    resolve: { conditionNames: ['@spop/source', 'import'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : undefined),
        load: (id) => (id === 'entry' ? code : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ minify: true });
  return output.reduce((sum, chunk) => sum + Buffer.byteLength(chunk.type === 'chunk' ? chunk.code : chunk.source), 0);
}

async function expectWithin(code: string, budget: number): Promise<void> {
  const bytes = await minified(code);
  expect(bytes).toBeLessThanOrEqual(budget);
  // If a change saved that much, lower the budget.
  expect(bytes).toBeGreaterThan(0.85 * budget);
}

describe('the packages in a bundle', () => {
  it('have a budget for each entry point', () => {
    const all = ['codec', 'agent', 'builder'].flatMap((name) => {
      const text = readFileSync(resolve(root, 'packages', name, 'package.json'), 'utf8');
      const { exports } = JSON.parse(text) as { exports: Record<string, unknown> };
      return Object.keys(exports).map((path) => `@spop/${name}${path.slice(1)}`);
    });
    expect(all.filter((entry) => !entry.endsWith('/package.json'))).toEqual(Object.keys(ENTRY_POINTS));
  });

  it.each(Object.entries(ENTRY_POINTS))('%s takes at most %i bytes', async (entry, budget) => {
    await expectWithin(`export * from '${entry}'`, budget);
  });

  it.each(PARTS)('%s takes at most %i bytes', expectWithin);
});
