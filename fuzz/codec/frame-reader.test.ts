import { writeFrame } from '@spop/builder';
import { FrameReader } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../support/arbitraries.ts';
import { expectSame, readPlainly, toPlainFrame } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';

interface Step {
  /** Bytes to push. */
  readonly size: number;
  /** How many frames to take before the next chunk comes; the rest stays with the reader. */
  readonly takes: number;
  /** Whether the chunk's memory is given back and overwritten. */
  readonly keeps: boolean;
}

const MAX_FRAME_SIZE = 1_000_000;

describe('a frame reader', () => {
  it('gives every frame once and in order, whenever it is asked and whatever becomes of chunks that it kept', () => {
    const step: fc.Arbitrary<Step> = fc.record({
      size: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 300 })),
      takes: fc.integer({ min: 0, max: 4 }),
      keeps: fc.boolean(),
    });
    const frames = fc.array(frame(), { minLength: 1, maxLength: 5 });
    check(
      fc.property(frames, fc.array(step, { minLength: 1, maxLength: 30 }), (list, steps) => {
        const bytes = Buffer.concat(list.map((each) => writeFrame(each)));
        const expected = readPlainly(bytes, MAX_FRAME_SIZE).frames;
        const reader = new FrameReader({ maxFrameSize: MAX_FRAME_SIZE });
        let taken = 0;
        let pushed = 0;
        let consumed = 0;
        const take = (): boolean => {
          const next = reader.next();
          if (next === undefined) return false;
          expectSame(toPlainFrame(next), expected[taken++]);
          consumed += next.end - next.start;
          return true;
        };
        let chunk = Buffer.alloc(0);
        for (let index = 0; pushed < bytes.length; index++) {
          const { size, takes, keeps } = steps[index % steps.length]!;
          const end = index > 200 ? bytes.length : Math.min(pushed + size, bytes.length);
          const last = chunk;
          chunk = Buffer.from(bytes.subarray(pushed, end));
          pushed = end;
          reader.push(chunk);
          last.fill(0xa5);
          expect(reader.pendingBytes).toBe(pushed - consumed);
          let isDrained = false;
          for (let count = 0; count < takes && !isDrained; count++) isDrained = !take();
          expect(reader.pendingBytes).toBe(pushed - consumed);
          if (keeps) reader.detachChunk();
          if (keeps || isDrained) chunk.fill(0xa5);
        }
        while (take());
        expect(taken).toBe(expected.length);
        expect(reader.pendingBytes).toBe(0);
      }),
      300,
    );
  });

  it('gives the same error again and again, and keeps nothing that the length forbids', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 301, max: 0xffff_ffff }));
    check(
      fc.property(length, fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 1, max: 4 }), (size, rest, first) => {
        const bytes = Buffer.from([0, 0, 0, 0, ...rest]);
        bytes.writeUInt32BE(size, 0);
        const reader = new FrameReader({ maxFrameSize: 300 });
        reader.push(bytes, 0, first);
        const code = size < 7 ? 'SPOP_FRAME_TOO_SMALL' : 'SPOP_FRAME_TOO_BIG';
        if (first < 4) expect(reader.next()).toBeUndefined();
        else expect(() => reader.next()).toThrow(code);
        reader.push(bytes, first);
        for (let i = 0; i < 3; i++) expect(() => reader.next()).toThrow(code);
        expect(reader.heldBytes).toBeLessThanOrEqual(1_024);
      }),
      300,
    );
  });
});
