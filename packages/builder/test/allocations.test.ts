import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withoutAllocations } from '../src/allocations.ts';

// The tests' own process has no --expose-gc, and the heap that it reads does not change.
vi.mock('node:v8', () => ({ getHeapStatistics: () => ({ used_heap_size: 0 }) }));

const README_PROGRAM = new URL('readme/allocations.ts', import.meta.url);
const FIXTURE = new URL('allocations.fixture.ts', import.meta.url);

function node(program: URL, ...flags: string[]): { output: string; errors: string } {
  const path = fileURLToPath(program);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--conditions=@spop/source', '--disable-warning=ExperimentalWarning', path],
    { encoding: 'utf8' },
  );
  return { output: stdout, errors: stderr };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

// A measuring process takes seconds, and longer on a busy machine.
describe('withoutAllocations', { timeout: 120_000 }, () => {
  it('proves that a handler of a NOTIFY allocates nothing, in plain node', () => {
    expect(node(README_PROGRAM, '--expose-gc')).toEqual({
      output: match(/^0 bytes in each of \d+ calls; one object among them would be (?:2[4-9]|[3-9]\d) bytes$/m),
      errors: '',
    });
  });

  it('says which flag is missing', () => {
    expect(node(README_PROGRAM).errors).toMatch(
      /expected a process with gc\(\).*found none: start node with --expose-gc/,
    );
  });

  it('distinguishes functions that allocate, and reports how much', () => {
    const found = JSON.parse(node(FIXTURE, '--expose-gc').output) as Record<string, unknown>;
    const holds = { bytesPerCall: 0, calls: 1_000, rounds: 2, controls: satisfy((controls) => controls !== undefined) };
    const controls = { object: satisfy(isAtLeast(24)), number: satisfy(isAtLeast(12)) };
    expect(found).toEqual({
      nothing: { ...holds, controls },
      integer: { ...holds, controls },
      object: match(/object to allocate nothing; found (?:2[4-9]|3\d) bytes of heap per call, in rounds of 1000/),
      rare: match(/rare to allocate nothing; found 0\.0[4-9]\d? bytes of heap per call/),
      fraction: match(/fraction to allocate nothing; found 1[26] bytes of heap per call/),
      text: match(/text to allocate nothing; found \d\d bytes of heap per call/),
      array: match(/array to allocate nothing; found (?:[89]|1\d)\d{3} bytes of heap per call/),
      slow: { ...holds, calls: satisfy((calls = 0) => calls >= 1 && calls < 10_000) },
      async:
        'TypeError: expected a synchronous function; found one that returns a Promise, which is an allocation itself',
      throws: 'RangeError: expected less',
      measured: {
        once: { bytes: satisfy(isBetween(24_000, 40_000)), calls: 1_000, rounds: 2, controls },
        ten: { bytes: satisfy(isBetween(240, 400)), calls: 10, rounds: 2, controls },
      },
    });
  });

  it('refuses to prove anything if its control is not noticed', () => {
    vi.stubGlobal('gc', () => {});
    expect(() => withoutAllocations(() => undefined, { calls: 10, warmUpMs: 1 })).toThrow(
      'expected the control, one object in 10 calls, to take 24 bytes or more; found 0, so that nothing is proved',
    );
  });

  it.each([
    ['calls', 0],
    ['calls', 1.5],
    ['rounds', -1],
    ['rounds', Number.NaN],
    ['warmUpMs', Infinity],
  ])('refuses %s of %d', (name, value) => {
    expect(() => withoutAllocations(() => undefined, { [name]: value })).toThrow(
      new TypeError(`expected ${name} to be an integer of 1 or more; found ${value}`),
    );
  });
});

function match(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

function satisfy(predicate: (value: number | undefined) => boolean): unknown {
  return expect.toSatisfy(predicate);
}

function isBetween(least: number, most: number): (bytes: number | undefined) => boolean {
  return (bytes = 0) => bytes >= least && bytes <= most;
}

function isAtLeast(least: number): (bytes: number | undefined) => boolean {
  return (bytes = 0) => bytes >= least;
}
