import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../src/cursor.ts';
import { dataTypeName, skipTypedData, typedDataEnd } from '../src/typed-data.ts';
import { amid, fault, hex, toHex, varint } from './bytes.ts';

const BEFORE = 7;
const TWO_64 = 1n << 64n;

function cursorAt(bytes: Uint8Array, fill: number): Cursor {
  const cursor = new Cursor();
  cursor.moveTo(amid(bytes, fill, BEFORE), BEFORE, BEFORE + bytes.length, BEFORE);
  return cursor;
}

function integer(type: number, value: bigint): string {
  return `0${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
}

const valid: [string, string][] = [
  ['NULL', '00'],
  ['NULL with flags', 'f0'],
  ['BOOL false', '01'],
  ['BOOL true', '11'],
  ['BOOL with reserved flags', 'e1'],
  ['INT32 0', '0200'],
  ['INT32 -1', integer(2, -1n)],
  ['INT32 2^31 - 1', integer(2, 0x7fff_ffffn)],
  ['INT32 -2^31', integer(2, -0x8000_0000n)],
  ['UINT32 2^31', integer(3, 0x8000_0000n)],
  ['UINT32 2^32 - 1', integer(3, 0xffff_ffffn)],
  ['INT64 -2^63', integer(4, -(1n << 63n))],
  ['INT64 2^63 - 1', integer(4, (1n << 63n) - 1n)],
  ['UINT64 2^63', integer(5, 1n << 63n)],
  ['UINT64 2^64 - 1', integer(5, TWO_64 - 1n)],
  ['IPV4', '06c0000201'],
  ['IPV6', '0720010db8000000000000000000000001'],
  ['STRING, empty', '0800'],
  ['STRING', '0803616263'],
  ['STRING of 239 bytes', `08ef${'61'.repeat(239)}`],
  ['STRING of 240 bytes', `08f000${'61'.repeat(240)}`],
  ['BINARY, empty', '0900'],
  ['BINARY', '090300ff80'],
  ['BINARY of 2287 bytes', `09ff7f${'00'.repeat(2287)}`],
  ['BINARY of 2288 bytes', `09f08000${'00'.repeat(2288)}`],
];

const malformed: [string, string, string, number][] = [
  ['nothing', '', 'SPOP_TRUNCATED', 0],
  ['INT32 2^31', integer(2, 0x8000_0000n), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 -2^31 - 1', integer(2, -0x8000_0001n), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 2^32 - 1, a -1 that is not sign-extended', integer(2, 0xffff_ffffn), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 2^63', integer(2, 1n << 63n), 'SPOP_INTEGER_RANGE', 0],
  ['UINT32 2^32', integer(3, 0x1_0000_0000n), 'SPOP_INTEGER_RANGE', 0],
  ['UINT32 -1', integer(3, -1n), 'SPOP_INTEGER_RANGE', 0],
  ['INT64 2^64', `04${toHex(varint(TWO_64))}`, 'SPOP_VARINT_OVERFLOW', 1],
  ['UINT64 of eleven bytes', `05${'ff'.repeat(11)}`, 'SPOP_VARINT_OVERFLOW', 1],
  ['STRING whose length is above 2^31', `08${toHex(varint(0x8000_0000n))}61`, 'SPOP_TRUNCATED', 1],
  ['STRING whose length is 2^32', `08${toHex(varint(0x1_0000_0000n))}61`, 'SPOP_TRUNCATED', 1],
  ['BINARY whose length is 2^64 - 1', `09${toHex(varint(TWO_64 - 1n))}61`, 'SPOP_TRUNCATED', 1],
  ...[10, 11, 12, 13, 14, 15].map((type): [string, string, string, number] => [
    `reserved type ${type}`,
    `0${type.toString(16)}00`,
    'SPOP_RESERVED_TYPE',
    0,
  ]),
  ['reserved type 15 with flags', 'ff00', 'SPOP_RESERVED_TYPE', 0],
];

describe('skipTypedData', () => {
  it.each(valid)('moves behind %s', (_, bytes) => {
    const cursor = cursorAt(hex(bytes), 0xff);
    skipTypedData(cursor);
    expect(cursor.position - BEFORE).toBe(bytes.length / 2);
  });

  it.each(malformed)('refuses %s: %s', (_, bytes, code, offset) => {
    expect(fault(() => skipTypedData(cursorAt(hex(bytes), 0x00)))).toEqual([code, 4, offset]);
  });

  it.each(valid)('refuses every proper prefix of %s, whatever stands behind it', (_, bytes) => {
    const whole = hex(bytes);
    for (let length = 0; length < Math.min(whole.length, 300); length++) {
      for (const fill of [0x00, 0xff]) {
        const [code, status, offset] = fault(() => skipTypedData(cursorAt(whole.subarray(0, length), fill)));
        expect([code, status]).toEqual(['SPOP_TRUNCATED', 4]);
        expect(offset).toBeLessThanOrEqual(length);
      }
    }
  });
});

describe('typedDataEnd', () => {
  /** What each of the two makes of the same bytes: where they end, or what is wrong. */
  function ends(bytes: Uint8Array, fill: number, room: number): [unknown, unknown] {
    const outcomes = [
      skipTypedData,
      (cursor: Cursor) => {
        cursor.position = typedDataEnd(cursor, cursor.bytes, cursor.position, cursor.limit);
      },
    ].map((pass) => {
      const cursor = new Cursor();
      cursor.moveTo(amid(bytes, fill, BEFORE), BEFORE, BEFORE + bytes.length + room, BEFORE);
      try {
        pass(cursor);
        return cursor.position;
      } catch (error) {
        return String(error);
      }
    });
    return [outcomes[0], outcomes[1]];
  }

  const integers = [239n, 240n, 2_287n, 2_288n, 264_431n, 264_432n, 33_818_864n, TWO_64 - 1n].flatMap((value) =>
    [4, 5].map((type): [string, string] => [`integer ${value} of type ${type}`, integer(type, value)]),
  );

  it.each([...valid, ...integers, ...malformed.map(([label, bytes]): [string, string] => [label, bytes])])(
    'ends %s where skipTypedData does, with any room behind it',
    (_, bytes) => {
      for (const room of [0, 1, 2, 3, 20]) {
        for (const fill of [0x00, 0x7f, 0x80, 0xff]) {
          const [expected, found] = ends(hex(bytes), fill, room);
          expect([room, fill, found]).toEqual([room, fill, expected]);
        }
      }
    },
  );

  it.each([...valid, ...integers])('ends every beginning of %s where skipTypedData does', (_, bytes) => {
    const whole = hex(bytes);
    for (let length = 0; length < Math.min(whole.length, 20); length++) {
      const [expected, found] = ends(whole.subarray(0, length), 0x00, 0);
      expect([length, found]).toEqual([length, expected]);
    }
  });

  it.each([264_431, 264_432])('ends a BINARY of %i bytes, whose length has three or four', (length) => {
    const bytes = Buffer.concat([hex('09'), varint(BigInt(length)), Buffer.alloc(length)]);
    for (const whole of [bytes, bytes.subarray(0, -1)]) {
      const [expected, found] = ends(whole, 0x00, 0);
      expect(found).toEqual(expected);
    }
  });

  it('ends any bytes where skipTypedData does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 14 }), fc.nat(9), (bytes, type) => {
        const all = Uint8Array.from([type, ...bytes]);
        const [expected, found] = ends(all, 0x00, 0);
        expect(found).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('dataTypeName', () => {
  it('gives the names of the specification', () => {
    expect(Array.from({ length: 11 }, (_, type) => dataTypeName(type))).toEqual([
      'NULL',
      'BOOL',
      'INT32',
      'UINT32',
      'INT64',
      'UINT64',
      'IPV4',
      'IPV6',
      'STRING',
      'BINARY',
      'reserved type 10',
    ]);
  });
});
