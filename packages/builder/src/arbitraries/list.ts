import * as fc from 'fast-check';

/** Up to `maxLength` elements, of which fast-check makes ten at most unless it is told otherwise. */
export function list<T>(element: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  return fc.array(element, { maxLength, size: 'max' });
}
