import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { check, checkAsync } from './support/runs.ts';

/** A property that takes the whole of its time before the first run is over. */
const EXPIRED_MS = 1;

function spend(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

it('a property is tried twenty times at least, however slow the machine is', async () => {
  let runs = 0;
  check(
    fc.property(fc.nat(), () => {
      if (runs++ === 0) spend(5);
    }),
    1_000,
    EXPIRED_MS,
  );
  expect(runs).toBeGreaterThanOrEqual(20);
  runs = 0;
  await checkAsync(
    fc.asyncProperty(fc.nat(), () => {
      if (runs++ === 0) spend(5);
      return Promise.resolve();
    }),
    1_000,
    EXPIRED_MS,
  );
  expect(runs).toBeGreaterThanOrEqual(20);
});

it('a property that asks for fewer runs gets all of them', () => {
  let runs = 0;
  const slow = fc.property(fc.nat(), () => {
    runs++;
    spend(2);
  });
  check(slow, 5, EXPIRED_MS);
  expect(runs).toBeGreaterThanOrEqual(5);
  expect(runs).toBeLessThanOrEqual(10);
});

it('a property that fails after its time has expired fails', async () => {
  let runs = 0;
  const isTenth = (): void => {
    spend(2);
    expect(++runs % 10).not.toBe(0);
  };
  expect(() => check(fc.property(fc.nat(), isTenth), 1_000, EXPIRED_MS)).toThrow(/FUZZ_SEED=/);
  runs = 0;
  const tried = checkAsync(
    fc.asyncProperty(fc.nat(), () => Promise.resolve(isTenth())),
    1_000,
    EXPIRED_MS,
  );
  await expect(tried).rejects.toThrow(/FUZZ_SEED=/);
});
