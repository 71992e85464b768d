import { varintBytes } from '@spop/builder';
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { uint64 } from '../support/arbitraries.ts';
import { checkAgreement } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';
import { frameAround } from '../targets/frames.ts';

/** A first byte of any type and flags, any 64 bits as a varint, and bytes that may be what the varint counts. */
function anyTypedData(): fc.Arbitrary<Uint8Array> {
  const length = fc.oneof(uint64(), fc.bigInt({ min: 0n, max: 20n }));
  return fc
    .tuple(fc.integer({ min: 0, max: 255 }), length, fc.uint8Array({ maxLength: 20 }))
    .map(([first, value, rest]) => Uint8Array.from([first, ...varintBytes(value), ...rest]));
}

describe('typed data of any type with any integer', () => {
  it('is taken and refused as the plain reader does it: ranges, signs, lengths and reserved types', () => {
    check(
      fc.property(anyTypedData(), fc.constantFrom(1, 2, 101, 102), (bytes, type) => {
        const payload = Buffer.concat([Buffer.of(0), bytes]);
        checkAgreement(frameAround(type, payload), { maxFrameSize: 16_380, chunkSizes: [], canary: 0x90 });
      }),
      2_000,
    );
  });

  it('is judged the same as an argument of a NOTIFY and as the value of an action', () => {
    check(
      fc.property(anyTypedData(), (bytes) => {
        const feeding = { maxFrameSize: 16_380, chunkSizes: [], canary: 0x90 };
        checkAgreement(frameAround(3, Buffer.concat([Buffer.of(1, 0x6d, 1, 0), bytes])), feeding);
        checkAgreement(frameAround(103, Buffer.concat([Buffer.of(1, 3, 2, 1, 0x76), bytes])), feeding);
      }),
      1_500,
    );
  });
});
