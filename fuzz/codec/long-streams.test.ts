import { writeFrame } from '@spop/builder';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { frame } from '../support/arbitraries.ts';
import { checkAgreement } from '../support/plain-frames.ts';
import { runs } from '../support/runs.ts';

// The inputs of the target `frame-stream` are too short for the reader's own memory to grow while frames are left in it.
it('frames of up to some KiB come whole and in order, in any chunks and whenever they are asked for', () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 }));
  fc.assert(
    fc.property(
      fc.array(frame(), { minLength: 1, maxLength: 8 }),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      (frames, chunkSizes, takes, detaches) => {
        const bytes = Buffer.concat(frames.map((each) => writeFrame(each)));
        const feeding = { maxFrameSize: 1_000_000, chunkSizes, canary: 0xa5, takes, detaches };
        expect(checkAgreement(bytes, feeding).frames).toHaveLength(frames.length);
      },
    ),
    // Shrinking long streams takes minutes.
    { ...runs(300), endOnFailure: true },
  );
});
