import { writeFrame } from '@spop/builder';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkSizes, damagedStream, frame, noise, stream } from '../support/arbitraries.ts';
import { checkAgreement, readPlainly, readWithCodec } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';

const maxFrameSize = 16_380;

describe('frames', () => {
  it('read as the plain frames they were written from', () => {
    check(
      fc.property(frame(), chunkSizes(), (plain, sizes) => {
        const bytes = writeFrame(plain);
        const { frames, consumed } = readWithCodec(bytes, { maxFrameSize: 1_000_000, chunkSizes: sizes, canary: 0xff });
        expect(frames).toEqual(readPlainly(bytes, 1_000_000).frames);
        expect(consumed).toBe(bytes.length);
      }),
      400,
    );
  });

  it('are the same in chunks of any size', () => {
    check(
      fc.property(stream(), chunkSizes(), (bytes, sizes) => {
        const whole = readWithCodec(bytes, { maxFrameSize, chunkSizes: [], canary: 0 });
        expect(readWithCodec(bytes, { maxFrameSize, chunkSizes: sizes, canary: 0 })).toEqual(whole);
      }),
      300,
    );
  });

  it('are the same when cut in two at every offset', () => {
    check(
      fc.property(stream(), (bytes) => {
        const whole = readWithCodec(bytes, { maxFrameSize, chunkSizes: [], canary: 0 });
        const step = Math.max(1, Math.floor(bytes.length / 64));
        for (let cut = 1; cut < bytes.length; cut += step) {
          const sizes = [cut, bytes.length];
          expect(readWithCodec(bytes, { maxFrameSize, chunkSizes: sizes, canary: 0xee })).toEqual(whole);
        }
      }),
      25,
    );
  });
});

describe('frames around the max-frame-size', () => {
  it('are taken up to that size, and refused above it before their end has come', () => {
    check(
      fc.property(frame(), fc.integer({ min: -2, max: 2 }), chunkSizes(), (plain, difference, sizes) => {
        const bytes = writeFrame(plain);
        const feeding = { maxFrameSize: Math.max(7, bytes.length - 4 + difference), chunkSizes: sizes, canary: 0 };
        const { frames, error } = checkAgreement(bytes, feeding);
        const isTooBig = bytes.length - 4 > feeding.maxFrameSize;
        expect([frames.length, error?.code]).toEqual(isTooBig ? [0, 'SPOP_FRAME_TOO_BIG'] : [1, undefined]);
        if (isTooBig) expect(readWithCodec(bytes.subarray(0, 4), feeding).error).toEqual(error);
      }),
      300,
    );
  });
});

describe('damaged and meaningless bytes', () => {
  const hostile = fc.oneof({ weight: 3, arbitrary: damagedStream() }, { weight: 1, arbitrary: noise() });

  it('are accepted and refused as the plain reader does it, for the same reason at the same byte', () => {
    check(
      fc.property(hostile, chunkSizes(), (bytes, sizes) => {
        checkAgreement(bytes, { maxFrameSize, chunkSizes: sizes, canary: 0x5a });
      }),
      2_500,
    );
  });

  it('are judged without a look at what lies after a chunk or a frame', () => {
    check(
      fc.property(hostile, chunkSizes(), (bytes, sizes) => {
        const outcomes = [0x00, 0x08, 0xff].map((canary) =>
          readWithCodec(bytes, { maxFrameSize, chunkSizes: sizes, canary }),
        );
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(outcomes[2]).toEqual(outcomes[0]);
      }),
      500,
    );
  });

  it('are judged the same under every max-frame-size', () => {
    check(
      fc.property(hostile, fc.integer({ min: 7, max: 400 }), chunkSizes(), (bytes, size, sizes) => {
        checkAgreement(bytes, { maxFrameSize: size, chunkSizes: sizes, canary: 0x11 });
      }),
      500,
    );
  });
});
