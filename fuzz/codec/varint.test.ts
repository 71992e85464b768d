import { varintBytes } from '@spop/builder';
import { SpopError, varintSize, writeVarint } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../../packages/codec/src/wire/cursor.ts';
import { readVarint } from '../../packages/codec/src/wire/varint.ts';
import { uint64 } from '../support/arbitraries.ts';
import { check } from '../support/runs.ts';
import { varintTarget } from '../targets/varint.ts';

const lowHalf = (value: bigint): number => Number(BigInt.asIntN(32, value));
const highHalf = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));

describe('varints', () => {
  it('are written as the plain writer does it, within the size that was foretold and no byte further', () => {
    check(
      fc.property(uint64(), fc.constantFrom(0x00, 0xff), (value, canary) => {
        const expected = varintBytes(value);
        expect(varintSize(lowHalf(value), highHalf(value))).toBe(expected.length);
        const bytes = Buffer.alloc(14, canary);
        expect(writeVarint(bytes, 2, lowHalf(value), highHalf(value))).toBe(2 + expected.length);
        const around = Buffer.alloc(14, canary);
        around.set(expected, 2);
        expect(bytes).toEqual(around);
      }),
      2_000,
    );
  });

  it('read back as what was written, whatever follows, and as truncated one byte earlier', () => {
    check(
      fc.property(uint64(), fc.integer({ min: 0, max: 255 }), (value, canary) => {
        const written = varintBytes(value);
        const bytes = Buffer.from([...written, canary, canary]);
        const cursor = new Cursor();
        cursor.read(bytes, 0, written.length);
        readVarint(cursor);
        expect([cursor.lo, cursor.hi, cursor.position]).toEqual([lowHalf(value), highHalf(value), written.length]);
        cursor.read(bytes, 0, written.length - 1);
        let error: unknown;
        try {
          readVarint(cursor);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(SpopError);
        expect(error).toMatchObject({ code: 'SPOP_TRUNCATED', status: 4, offset: 0 });
      }),
      2_000,
    );
  });

  it('of any bytes are the sum that the specification describes, or an overflow, or truncated', () => {
    const high = fc.array(fc.constantFrom(0x80, 0x81, 0xf0, 0xfe, 0xff), { minLength: 1, maxLength: 11 });
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fc
        .tuple(fc.integer({ min: 240, max: 255 }), high, fc.integer({ min: 0, max: 255 }))
        .map(([first, middle, last]) => Uint8Array.from([first, ...middle, last])),
    );
    check(
      fc.property(bytes, (input) => varintTarget.run(Buffer.from(input))),
      4_000,
    );
  });
});
