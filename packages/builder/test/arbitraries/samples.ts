import * as fc from 'fast-check';

/** Samples of an arbitrary, always the same. */
export function sample<T>(arbitrary: fc.Arbitrary<T>, count: number = 500, seed: number = 1): T[] {
  return fc.sample(arbitrary, { seed, numRuns: count });
}

/** The smallest and the greatest of some numbers. */
export function ends(numbers: readonly number[]): [least: number, greatest: number] {
  return [Math.min(...numbers), Math.max(...numbers)];
}

/** What values shrink to that break a property: a value for each of a few seeds. */
export function shrunk<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean = () => false): T[] {
  return Array.from({ length: 8 }, (_, index) => {
    const { counterexample } = fc.check(fc.property(arbitrary, holds), { seed: index + 1, numRuns: 300 });
    if (counterexample === null) throw new Error('expected a counterexample');
    return counterexample[0];
  });
}

/** As many of a value as {@link shrunk} returns. */
export function always<T>(value: T): T[] {
  return Array.from({ length: 8 }, () => value);
}
