import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';

const folder = new URL('readme/', import.meta.url);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
const files = readdirSync(folder).filter((name) => name !== 'stand-in.ts');

/** A program as the README shows it: with the agent's package instead of the stand-in of these tests. */
function published(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8').replaceAll("'./stand-in.ts'", "'@spop/agent'");
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('README', () => {
  it('shows exactly the programs that are tested here', () => {
    expect(programs.toSorted()).toEqual(files.map(published).toSorted());
  });

  // allocations.test.ts runs the program that needs its own process.
  it.each(files.filter((name) => !name.endsWith('.test.ts') && name !== 'allocations.ts'))(
    'has a program that runs: %s',
    async (name) => {
      const print = vi.spyOn(console, 'log').mockReturnValue();
      await import(new URL(name, folder).href);
      const printed = print.mock.calls.map(([first]) => String(first));
      if (name === 'read.ts') expect(readme).toContain(printed[0]);
    },
  );
});
