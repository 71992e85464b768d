import { describe, expect, expectTypeOf, it } from 'vitest';
import { DEFAULT_MAX_FRAME_SIZE, FrameReader } from '../src/index.ts';

type FrameReaderOptions = NonNullable<ConstructorParameters<typeof FrameReader>[0]>;

describe('an option that is undefined', () => {
  it('compiles, and counts as omitted', () => {
    expectTypeOf<Record<keyof FrameReaderOptions, undefined>>().toExtend<FrameReaderOptions>();
    expect(new FrameReader({ maxFrameSize: undefined }).maxFrameSize).toBe(DEFAULT_MAX_FRAME_SIZE);
  });
});
