import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor, readVarint } from '../../src/index.ts';
import { fault, hex, varint } from '../bytes.ts';

const cursor = new Cursor();

describe('a cursor', () => {
  it('reads all of the bytes, or a part', () => {
    const bytes = hex('00 f000 01 f1');
    cursor.read(bytes);
    expect([cursor.position, cursor.limit]).toEqual([0, 5]);
    cursor.read(bytes, 1, 4);
    readVarint(cursor);
    expect([cursor.lo, cursor.hi, cursor.position]).toEqual([240, 0, 3]);
    readVarint(cursor);
    expect([cursor.lo, cursor.hi, cursor.position]).toEqual([1, 0, 4]);
    expect(fault(() => readVarint(cursor))).toEqual(['SPOP_TRUNCATED', 4, 3]);
    expect([cursor.lo, cursor.hi, cursor.position]).toEqual([1, 0, 4]);
  });

  it.each([
    [-1, 3],
    [2, 1],
    [0, 6],
    [6, 6],
    [0.5, 3],
    [0, 2.5],
    [0, Infinity],
    [Number.NaN, 3],
    [0, Number.NaN],
  ])('refuses to read from %s to %s of five bytes', (start, end) => {
    expect(() => cursor.read(Buffer.alloc(5), start, end)).toThrow(RangeError);
  });

  it('accepts an empty part', () => {
    cursor.read(Buffer.alloc(5), 5, 5);
    expect(fault(() => readVarint(cursor))).toEqual(['SPOP_TRUNCATED', 4, 0]);
  });

  it('is moved on by a reader of the bytes that a varint counts', () => {
    const texts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 255 }), (all, canary) => {
        const parts = all.flatMap((bytes) => [varint(BigInt(bytes.length)), bytes]);
        const bytes = Buffer.concat([Buffer.of(canary), ...parts, Buffer.of(canary, canary)]);
        cursor.read(bytes, 1, bytes.length - 2);
        const found: Uint8Array[] = [];
        while (cursor.position < cursor.limit) {
          readVarint(cursor);
          found.push(Uint8Array.from(bytes.subarray(cursor.position, cursor.position + cursor.lo)));
          cursor.position += cursor.lo;
        }
        expect(found).toEqual(all);
      }),
    );
  });
});
