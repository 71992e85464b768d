import { SpopError } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { expectSpopError } from '../../src/data/spop-error.ts';

function thrownFor(error: unknown): unknown {
  try {
    expectSpopError(error);
  } catch (thrown) {
    return thrown;
  }
  return 'nothing is thrown';
}

describe('expectSpopError', () => {
  it('accepts an error about the input, and throws any other again', () => {
    expect(thrownFor(new SpopError('SPOP_TRUNCATED', 'why'))).toBe('nothing is thrown');
    for (const mistake of [new TypeError('why'), 'why', undefined]) expect(thrownFor(mistake)).toBe(mistake);
  });
});
