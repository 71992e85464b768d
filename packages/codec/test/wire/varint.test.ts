import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../../src/wire/cursor.ts';
import { varintSize, writeVarint } from '../../src/index.ts';
import { readLength, readVarint, writeSmallVarint } from '../../src/wire/varint.ts';
import { amid, fault, firstOfSize, hex, thrown, toHex, varint } from '../bytes.ts';

const TWO_64 = 1n << 64n;
const BEFORE = 5;

function cursorAt(bytes: Uint8Array, fill: number = 0xff): Cursor {
  const cursor = new Cursor();
  cursor.read(amid(bytes, fill, BEFORE), BEFORE, BEFORE + bytes.length);
  return cursor;
}

function valueOf({ lo, hi }: { lo: number; hi: number }): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

function halves(value: bigint): readonly [lo: number, hi: number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

const known: [string, string, bigint][] = [
  ['0', '00', 0n],
  ['1', '01', 1n],
  ['239, the last of one byte', 'ef', 239n],
  ['240, the first of two', 'f000', 240n],
  ['241', 'f100', 241n],
  ['255', 'ff00', 255n],
  ['256', 'f001', 256n],
  ['2287, the last of two bytes', 'ff7f', 2_287n],
  ['2288, the first of three', 'f08000', 2_288n],
  ['264431, the last of three bytes', 'ffff7f', 264_431n],
  ['264432, the first of four', 'f0808000', 264_432n],
  ['33818863, the last of four bytes', 'ffffff7f', 33_818_863n],
  ['33818864, the first of five', 'f080808000', 33_818_864n],
  ['2^31 - 1', 'fff0fefe3e', 0x7fff_ffffn],
  ['2^31', 'f0f1fefe3e', 0x8000_0000n],
  ['2^32 - 1', 'fff0fefe7e', 0xffff_ffffn],
  ['2^32', 'f0f1fefe7e', 0x1_0000_0000n],
  ['2^53 - 1', toHex(varint((1n << 53n) - 1n)), (1n << 53n) - 1n],
  ['2^63 - 1', toHex(varint((1n << 63n) - 1n)), (1n << 63n) - 1n],
  ['INT64_MIN as 64 bits', 'f0f1fefefefefefefe06', 1n << 63n],
  ['-1 as 64 bits', 'fff0fefefefefefefe0e', TWO_64 - 1n],
  ['-2 as 64 bits', 'fef0fefefefefefefe0e', TWO_64 - 2n],
];

const boundaries: [string, string, bigint][] = Array.from({ length: 9 }, (_, index) => index + 2).flatMap((size) => {
  const first = firstOfSize(size);
  const rows: [string, bigint][] = [
    [`the last of ${size - 1} bytes`, first - 1n],
    [`the first of ${size} bytes`, first],
    [`the second of ${size} bytes`, first + 1n],
  ];
  return rows.map(([label, value]): [string, string, bigint] => [label, toHex(varint(value)), value]);
});

/** Values around each power of two, with a carry or borrow from one half into the other. */
const carries: [string, string, bigint][] = Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit)).flatMap((power) =>
  [-241n, -240n, -129n, -128n, -1n, 0n, 1n, 127n, 128n, 239n, 240n, 2_288n]
    .map((distance) => power + distance)
    .filter((value) => value >= 0n && value < TWO_64)
    .map((value): [string, string, bigint] => [String(value), toHex(varint(value)), value]),
);

describe('readVarint', () => {
  it.each(known)('reads %s from %s', (_, bytes, value) => {
    const cursor = cursorAt(hex(bytes));
    readVarint(cursor);
    expect([valueOf(cursor), cursor.position]).toEqual([value, BEFORE + bytes.length / 2]);
  });

  it.each(boundaries)('reads %s, %s, as %s', (_, bytes, value) => {
    const cursor = cursorAt(hex(bytes));
    readVarint(cursor);
    expect([valueOf(cursor), cursor.position]).toEqual([value, BEFORE + bytes.length / 2]);
  });

  it('reads the values around every power of two, with every carry between the halves', () => {
    for (const [label, bytes, value] of carries) {
      const cursor = cursorAt(hex(bytes));
      readVarint(cursor);
      expect([label, valueOf(cursor), cursor.position]).toEqual([label, value, BEFORE + bytes.length / 2]);
    }
  });

  it('leaves both halves as signed 32-bit integers', () => {
    for (const [, bytes] of [...known, ...carries]) {
      const cursor = cursorAt(hex(bytes));
      readVarint(cursor);
      expect([cursor.lo | 0, cursor.hi | 0]).toEqual([cursor.lo, cursor.hi]);
    }
  });

  it('reads any continuation byte additively: f0 80 80 00 is not f0 00', () => {
    const sums: [string, bigint][] = [
      ['f0ff00', 240n + (255n << 4n)],
      ['f0ffff00', 240n + (255n << 4n) + (255n << 11n)],
      ['f0ffffffff00', 240n + (255n << 4n) + (255n << 11n) + (255n << 18n) + (255n << 25n)],
      [
        'ffffffffffffffffff00',
        255n + [4n, 11n, 18n, 25n, 32n, 39n, 46n, 53n].reduce((sum, at) => sum + (255n << at), 0n),
      ],
    ];
    for (const [bytes, value] of sums) {
      const cursor = cursorAt(hex(bytes));
      readVarint(cursor);
      expect([bytes, valueOf(cursor)]).toEqual([bytes, value]);
    }
  });

  const malformed: [string, string, string][] = [
    ['nothing at all', '', 'SPOP_TRUNCATED'],
    ['f0 alone', 'f0', 'SPOP_TRUNCATED'],
    ['f0 80', 'f080', 'SPOP_TRUNCATED'],
    ['nine bytes without an end', 'f08080808080808080', 'SPOP_TRUNCATED'],
    ['eleven bytes', 'f0808080808080808080 00', 'SPOP_VARINT_OVERFLOW'],
    ['ten bytes without an end', 'f0808080808080808080', 'SPOP_VARINT_OVERFLOW'],
    ['2^64, one above the last value', toHex(varint(TWO_64)), 'SPOP_VARINT_OVERFLOW'],
    ['2^64 + 1', toHex(varint(TWO_64 + 1n)), 'SPOP_VARINT_OVERFLOW'],
    ['a tenth byte of 0f', 'f0808080808080808010', 'SPOP_VARINT_OVERFLOW'],
    ['a tenth byte of 7f', 'f080808080808080807f', 'SPOP_VARINT_OVERFLOW'],
    ['the largest ten bytes', 'ffffffffffffffffff7f', 'SPOP_VARINT_OVERFLOW'],
    ['2^64 by the sum of all bytes', 'f0ffffffffffffffff0f', 'SPOP_VARINT_OVERFLOW'],
    ['twenty bytes of ff', 'ff'.repeat(20), 'SPOP_VARINT_OVERFLOW'],
  ];
  it.each(malformed)('refuses %s: %s', (_, bytes, code) => {
    // The bytes past the limit would end the varint; they must not be read.
    expect(fault(() => readVarint(cursorAt(hex(bytes), 0x00)))).toEqual([code, 4, 0]);
  });

  it('refuses every proper prefix of every varint, with any bytes after it', () => {
    for (const [label, bytes] of [...known, ...boundaries]) {
      const whole = hex(bytes);
      for (let length = 0; length < whole.length; length++) {
        for (const fill of [0x00, 0xff]) {
          const { code } = thrown(() => readVarint(cursorAt(whole.subarray(0, length), fill)));
          expect([label, code]).toEqual([label, 'SPOP_TRUNCATED']);
        }
      }
    }
  });

  it('counts offsets from the origin of the frame', () => {
    const cursor = new Cursor();
    cursor.read(hex('0000000000 f0'), 5);
    cursor.origin = 2;
    const error = thrown(() => readVarint(cursor));
    expect([error.offset, error.reason]).toEqual([3, expect.stringContaining('last byte is 3')]);
  });

  it('reads the bytes of a plain bigint implementation, for any 64-bit value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: TWO_64 - 1n }), (value) => {
        const cursor = cursorAt(varint(value));
        readVarint(cursor);
        expect(valueOf(cursor)).toBe(value);
      }),
    );
  });

  it('accepts exactly the encodings of values below 2^64', () => {
    const bytes = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((all) => Uint8Array.from([all[0]! | 0xf0, ...all.slice(1)]));
    fc.assert(
      fc.property(bytes, (all) => {
        const cursor = cursorAt(all);
        try {
          readVarint(cursor);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SpopError' });
          return;
        }
        const read = all.subarray(0, cursor.position - BEFORE);
        expect(toHex(varint(valueOf(cursor)))).toBe(toHex(read));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('writeVarint', () => {
  const everything = [...known, ...boundaries, ...carries];

  it.each(known)('writes %s as %s', (_, bytes, value) => {
    const target = Buffer.alloc(32, 0xee);
    const end = writeVarint(target, 3, ...halves(value));
    expect([toHex(target, 3, end), toHex(target, end)]).toEqual([bytes, 'ee'.repeat(32 - end)]);
  });

  it('writes every boundary and carry as a plain bigint implementation does, and not a byte more', () => {
    for (const [label, bytes, value] of everything) {
      const target = Buffer.alloc(24, 0xee);
      const end = writeVarint(target, 3, ...halves(value));
      expect([label, toHex(target)]).toEqual([label, `eeeeee${bytes}${'ee'.repeat(24 - end)}`]);
    }
  });

  it('has the right size for every boundary and carry', () => {
    for (const [label, bytes, value] of everything) {
      expect([label, varintSize(...halves(value))]).toEqual([label, bytes.length / 2]);
    }
  });

  it('writes any 64-bit value as a plain bigint implementation does', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: TWO_64 - 1n }), (value) => {
        const target = Buffer.alloc(10);
        const end = writeVarint(target, 0, ...halves(value));
        expect(toHex(target, 0, end)).toBe(toHex(varint(value)));
        expect(varintSize(...halves(value))).toBe(end);
      }),
    );
  });

  it('writes 0 to 2^31 - 1 the same in its short form', () => {
    for (const [, bytes, value] of everything) {
      if (value > 0x7fff_ffffn) continue;
      const target = Buffer.alloc(10);
      expect(toHex(target, 0, writeSmallVarint(target, 0, Number(value)))).toBe(bytes);
    }
  });
});

describe('readLength', () => {
  it.each([
    ['0 with nothing after it', '00', 0, 1],
    ['3 with three bytes after it', '03616263', 3, 1],
    ['3 with four bytes after it', '0361626364', 3, 1],
    ['240 with 240 bytes after it', `f000${'61'.repeat(240)}`, 240, 2],
  ])('reads %s', (_, bytes, length, size) => {
    const cursor = cursorAt(hex(bytes));
    expect([readLength(cursor), cursor.position - BEFORE]).toEqual([length, size]);
  });

  it.each([
    ['1 with nothing after it', '01', 'SPOP_TRUNCATED'],
    ['4 with three bytes after it', '04616263', 'SPOP_TRUNCATED'],
    ['2^31 - 1', toHex(varint(0x7fff_ffffn)), 'SPOP_TRUNCATED'],
    ['2^31, negative as a signed half', toHex(varint(0x8000_0000n)), 'SPOP_TRUNCATED'],
    ['2^32 - 1', toHex(varint(0xffff_ffffn)), 'SPOP_TRUNCATED'],
    ['2^32, whose low half is 0', toHex(varint(0x1_0000_0000n)), 'SPOP_TRUNCATED'],
    ['2^32 + 1, whose low half is 1', `${toHex(varint(0x1_0000_0001n))}61`, 'SPOP_TRUNCATED'],
    ['2^64 - 1', toHex(varint(TWO_64 - 1n)), 'SPOP_TRUNCATED'],
    ['no varint at all', '', 'SPOP_TRUNCATED'],
    ['2^64', toHex(varint(TWO_64)), 'SPOP_VARINT_OVERFLOW'],
  ])('refuses %s', (_, bytes, code) => {
    expect(fault(() => readLength(cursorAt(hex(bytes))))).toEqual([code, 4, 0]);
  });
});
